/** From the wire to what applications see, and back. Whatever a newer server says becomes opaque, never an error. */

import type { Audience, Body, Id, Member, Message, Notice, Pending, Privacy, Role, Seq, Session, Timestamp, User } from "./api.js";
import type { AppendFrame, PostableBody, WireDetails, WireEvent, WireMember, WireMessage, WireSession, WireUser } from "./wire.js";

export function toUser(user: WireUser): User {
  return {
    id: user.id,
    username: user.username,
    displayName: user.display_name,
    ...(user.avatar_url !== undefined && { avatarUrl: user.avatar_url }),
    ...(user.data !== undefined && { data: user.data }),
    createdAt: user.created_at,
    updatedAt: user.updated_at,
  };
}

export function toMember(member: WireMember): Member {
  return { user: member.user, role: member.role, joinedAt: member.joined_at, delivered: member.delivered, read: member.read };
}

export function toSession(session: WireSession): Session {
  return {
    id: session.id,
    ...(session.device && { device: session.device }),
    createdAt: session.created_at,
    lastActiveAt: session.last_active_at,
    current: session.current,
  };
}

export function toPrivacy(privacy: { last_seen: Audience }): Privacy {
  return { lastSeen: privacy.last_seen };
}

export function toBody(body: unknown): Body {
  if (typeof body !== "object" || body === null) return { type: "opaque", original: body };
  const { type, text, mentions, name, data, code, params } = body as Record<string, unknown>;
  if (type === "text" && typeof text === "string") return { type, text, ...(isIds(mentions) && { mentions }) };
  if (type === "custom" && typeof name === "string") return { type, name, data };
  if (type === "system" && typeof code === "string") return { type, code, ...(params !== undefined && { params }) };
  return { type: "opaque", original: body };
}

/** A body to post. One of a type that nobody can post is the server's to refuse. */
export function fromBody(body: Body): PostableBody {
  return (body.type === "opaque" ? body.original : { ...body }) as PostableBody;
}

function isIds(value: unknown): value is Id[] {
  return Array.isArray(value) && value.every((id) => typeof id === "string");
}

function isSeq(value: unknown): value is Seq {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

/** The users an event names. */
export function namedUsers(details: WireDetails): Id[] {
  const users: unknown = details.users;
  if (!Array.isArray(users)) return [];
  return users.map((entry: { user?: unknown } | null) => entry?.user).filter((id) => typeof id === "string");
}

/** A line that is not a message; `undefined` for kinds that are no line. */
function toNotice(kind: string, details: WireDetails): Notice | undefined {
  const { user, role, title, history, data } = details;
  switch (kind) {
    case "chat_created":
    case "members_added":
      return { kind, users: namedUsers(details) };
    case "member_removed":
      return typeof user === "string" ? { kind, user } : undefined;
    case "role_changed":
      return typeof user === "string" && typeof role === "string" ? { kind, user, role } : undefined;
    case "chat_changed":
      if (typeof title === "string") return { kind, title };
      // A change of what the application keeps with the chat says nothing to people.
      return data !== undefined && history === undefined ? undefined : { kind };
    default:
      return undefined;
  }
}

function toContent(message: WireMessage | WireEvent): Message["content"] | undefined {
  if ("deleted" in message && message.deleted) return { deleted: true };
  if (message.kind === "message") return { body: toBody(message.body) };
  const notice = toNotice(message.kind, message);
  return notice && { notice };
}

/** A line of a page of history. One of a kind of a newer server is opaque. */
export function toMessage(message: WireMessage): Message {
  const content = toContent(message) ?? { body: { type: "opaque", original: message } };
  return {
    ...envelope(message, content),
    ...(message.edited_at !== undefined && { editedAt: message.edited_at }),
    reactions: toReactions(message.reactions),
  };
}

/** The line that an event is; `undefined` if people read nothing there. */
export function lineOf(event: WireEvent): Message | undefined {
  const content = toContent(event);
  return content && envelope(event, content);
}

function toReactions(reactions: unknown): Message["reactions"] {
  if (!Array.isArray(reactions)) return [];
  const readable = reactions.filter((each: { emoji?: unknown; users?: unknown } | null) => typeof each?.emoji === "string" && isIds(each.users));
  return readable.map(({ emoji, users }: Message["reactions"][number]) => ({ emoji, users }));
}

function envelope(message: WireMessage | WireEvent, content: Message["content"]): Message {
  return {
    chat: message.chat,
    seq: message.seq,
    id: message.id,
    author: message.author,
    sentAt: message.sent_at,
    ...(message.key !== undefined && { key: message.key }),
    content,
    ...(isSeq(message.reply_to) && { replyTo: message.reply_to }),
    reactions: [],
  };
}

/** What an event does to an earlier message. */
export type Change = { chat: Id; seq: Seq; target: Seq } & (
  | { type: "edited"; body: Body; at: Timestamp }
  | { type: "deleted" }
  | { type: "reacted"; emoji: string; on: boolean; user: Id }
);

/** What an event does to an earlier message, if anything. */
export function changeOf(event: WireEvent): Change | undefined {
  const { chat, seq, target, kind, emoji, on, body } = event;
  if (!isSeq(target)) return undefined;
  if (kind === "message_edited" && body !== undefined) {
    return { chat, seq, target, type: "edited", body: toBody(body), at: event.sent_at };
  }
  if (kind === "message_deleted") return { chat, seq, target, type: "deleted" };
  if (kind === "reaction_changed" && typeof emoji === "string" && typeof on === "boolean") {
    return { chat, seq, target, type: "reacted", emoji, on, user: event.author };
  }
  return undefined;
}

/** The message after a change of it. */
export function changed(message: Message, change: Change): Message {
  if ("deleted" in message.content) return message;
  switch (change.type) {
    case "edited":
      return { ...message, content: { body: change.body }, editedAt: change.at };
    case "deleted":
      return { ...message, content: { deleted: true }, reactions: [] };
    case "reacted":
      return { ...message, reactions: reacted(message.reactions, change) };
  }
}

function reacted(before: Message["reactions"], { emoji, on, user }: { emoji: string; on: boolean; user: Id }): Message["reactions"] {
  const others = (users: Id[]) => users.filter((each) => each !== user);
  const known = before.some((reaction) => reaction.emoji === emoji);
  const after = before.map((reaction) =>
    reaction.emoji === emoji ? { emoji, users: on ? [...others(reaction.users), user] : others(reaction.users) } : reaction,
  );
  if (on && !known) after.push({ emoji, users: [user] });
  return after.filter((reaction) => reaction.users.length > 0);
}

/** The frame of an attempt. */
export function appendFrame(operation: Pending["operation"], place: { chat: Id; key: string; applied: Seq; ref: string }): AppendFrame {
  switch (operation.type) {
    case "send": {
      const { body, replyTo } = operation;
      return { type: "send", ...place, body: fromBody(body), ...(replyTo !== undefined && { reply_to: replyTo }) };
    }
    case "edit":
      return { type: "edit", ...place, target: operation.target, body: fromBody(operation.body) };
    case "delete":
      return { type: "delete", ...place, target: operation.target };
    case "react":
      return { type: "react", ...place, target: operation.target, emoji: operation.emoji, on: operation.on };
  }
}

/** The role an event gives to `user`, if it is about them. */
export function roleGiven(event: WireEvent, user: Id): Role | undefined {
  return event.kind === "role_changed" && event.user === user ? event.role : undefined;
}

/**
 * What the chat list shows, derived from what the server told: pure functions from record to record.
 *
 * A record is as of an event, `at`. Events up to there change nothing in it any more, in whatever order they come.
 */

import type { Id, Seq } from "../api.js";
import { changed, changeOf, lineOf, namedUsers, toMessage } from "../convert.js";
import type { Told } from "../machine/state.js";
import type { ChatRecord, Reached, Unread } from "../store.js";
import type { Frame, WireChat, WireEvent, WireMember, WireMessage } from "../wire.js";

/** Chats above this size tell numbers in place of names who has a message. */
export const NAMED_RECEIPTS_MAX = 64;
/** Own messages of a large chat whose numbers are remembered. */
const COUNTED_MAX = 8;
/** Unread messages remembered one by one; more are a number. */
const UNREAD_NAMED_MAX = 500;

/** The record after one thing was told; the same object if nothing changed, `undefined` if the chat is gone. */
export function recordAfter(record: ChatRecord | undefined, told: Told, me: Id): ChatRecord | undefined {
  if (told.type === "chat_joined" || told.type === "chat_changed") return withSummary(record, told.chat, me);
  if (!record || told.type === "chat_left") return undefined;
  switch (told.type) {
    case "event":
      return withEvent(record, told.event, me);
    case "too_long":
      return withGap(record, told.head);
    case "read":
      return withRead(record, told.seq);
    case "receipt":
      return withReceipt(record, told, me);
    case "receipt_counts":
      return withReceiptCounts(record, told);
    default:
      return record;
  }
}

/** Which chat something is about, if it changes that chat's record. */
export function chatOf(told: Told): Id | undefined {
  switch (told.type) {
    case "event":
      return told.event.chat;
    case "chat_joined":
    case "chat_changed":
      return told.chat.id;
    case "chat_left":
    case "too_long":
    case "read":
    case "receipt":
    case "receipt_counts":
      return told.chat;
    default:
      return undefined;
  }
}

/** How many messages are unread. */
export function unreadOf({ unread }: ChatRecord): number {
  return unread.counted + unread.seqs.length;
}

/** Takes over the server's summary, unless events beyond it are known: then only what no event tells. */
export function withSummary(record: ChatRecord | undefined, chat: WireChat, me: Id): ChatRecord {
  const marks = marksOf(chat.members, me);
  if (record && record.at > chat.head) return { ...record, marks: highestMarks(record.marks, marks) };
  const peer = chat.type === "direct" ? chat.members?.find(({ user }) => user !== me)?.user : undefined;
  const read = Math.max(chat.read, record?.read ?? 0);
  const summary: ChatRecord = {
    id: chat.id,
    at: chat.head,
    type: chat.type,
    ...(chat.title !== undefined && { title: chat.title }),
    ...(peer !== undefined && { peer }),
    role: chat.role,
    memberCount: chat.member_count,
    read: chat.read,
    delivered: chat.delivered,
    unread: { counted: chat.unread, upTo: chat.head, seqs: [] },
    ...(chat.last_message && { lastMessage: toMessage(chat.last_message) }),
    updatedAt: Math.max(chat.updated_at, chat.last_message?.sent_at ?? 0),
    marks: highestMarks(marks, record?.marks ?? {}),
    ...(record?.receipts && { receipts: record.receipts }),
    ...(record?.reached && { reached: record.reached }),
    ...(record?.skippedTo !== undefined && record.skippedTo > chat.head && { skippedTo: record.skippedTo }),
  };
  return withRead(withReached(summary, reachedIn(chat.last_message ? [chat.last_message] : [])), read);
}

function marksOf(members: WireMember[] | undefined, me: Id): ChatRecord["marks"] {
  const others = (members ?? []).filter(({ user }) => user !== me);
  return Object.fromEntries(others.map(({ user, delivered, read }) => [user, { delivered: Math.max(delivered, read), read }]));
}

/** The users of `marks`, each with the highest marks known of them. */
function highestMarks(marks: ChatRecord["marks"], known: ChatRecord["marks"]): ChatRecord["marks"] {
  const highest = Object.entries(marks).map(([user, { delivered, read }]) => {
    const before = known[user] ?? { delivered: 0, read: 0 };
    return [user, { delivered: Math.max(delivered, before.delivered), read: Math.max(read, before.read) }] as const;
  });
  return Object.fromEntries(highest);
}

/** The log goes on after `head`, and what was skipped only a summary tells. Of what lies above it nothing is left. */
function withGap(record: ChatRecord, head: Seq): ChatRecord {
  if (record.at <= head) return { ...record, skippedTo: head };
  const { lastMessage: _, receipts: __, reached: ___, ...kept } = record;
  const cut = (seq: Seq) => Math.min(seq, head);
  const marks = Object.entries(record.marks).map(([user, { delivered, read }]) => [user, { delivered: cut(delivered), read: cut(read) }] as const);
  return {
    ...kept, at: head, read: cut(record.read), delivered: cut(record.delivered), unread: { counted: 0, upTo: head, seqs: [] },
    marks: Object.fromEntries(marks), skippedTo: head,
  };
}

function withEvent(record: ChatRecord, event: WireEvent, me: Id): ChatRecord {
  if (event.seq <= record.at) return record;
  const after = withLine({ ...record, at: event.seq }, event);
  const counts = event.kind === "message" && event.seq > record.read;
  return withMembers(counts ? { ...after, unread: withUnread(after.unread, event.seq) } : after, event, me);
}

function withLine(record: ChatRecord, event: WireEvent): ChatRecord {
  const line = lineOf(event);
  if (line) return { ...record, lastMessage: line, updatedAt: Math.max(record.updatedAt, line.sentAt) };
  const change = changeOf(event);
  if (!change || record.lastMessage?.seq !== change.target) return record;
  return { ...record, lastMessage: changed(record.lastMessage, change) };
}

function withMembers(record: ChatRecord, event: WireEvent, me: Id): ChatRecord {
  switch (event.kind) {
    case "members_added":
      return withAdded(record, namedUsers(event), me);
    case "member_removed":
      return event.user === undefined ? record : withoutMember(record, event.user);
    case "role_changed":
      return withRole(record, event, me);
    case "chat_changed":
      return typeof event.title === "string" ? { ...record, title: event.title } : record;
    default:
      return record;
  }
}

function withAdded(record: ChatRecord, users: Id[], me: Id): ChatRecord {
  const memberCount = record.memberCount + users.length;
  if (memberCount > NAMED_RECEIPTS_MAX) return { ...record, memberCount, marks: {} };
  const added = users.filter((user) => user !== me && !record.marks[user]);
  const fresh = Object.fromEntries(added.map((user) => [user, { delivered: 0, read: 0 }]));
  return { ...record, memberCount, marks: { ...record.marks, ...fresh } };
}

function withoutMember(record: ChatRecord, user: Id): ChatRecord {
  const { [user]: _, ...marks } = record.marks;
  return { ...record, memberCount: Math.max(0, record.memberCount - 1), marks };
}

function withRole(record: ChatRecord, event: WireEvent, me: Id): ChatRecord {
  if (event.role === undefined) return record;
  if (event.user === me) return { ...record, role: event.role };
  // Who hands a chat over is an admin from then on.
  return event.role === "owner" && event.author === me ? { ...record, role: "admin" } : record;
}

function withUnread(unread: Unread, seq: Seq): Unread {
  if (unread.seqs.length < UNREAD_NAMED_MAX) return { ...unread, seqs: [...unread.seqs, seq] };
  return { counted: unread.counted + unread.seqs.length + 1, upTo: seq, seqs: [] };
}

function withRead(record: ChatRecord, seq: Seq): ChatRecord {
  if (seq <= record.read) return record;
  const { counted, upTo, seqs } = record.unread;
  const unread = { counted: seq >= upTo ? 0 : counted, upTo, seqs: seqs.filter((each) => each > seq) };
  return { ...record, read: seq, delivered: Math.max(record.delivered, seq), unread };
}

/** Whether only the server can tell how many messages are unread: the mark lies among those it counted. */
export function isUnreadUncertain({ unread, read }: ChatRecord, before: ChatRecord | undefined): boolean {
  return unread.counted > 0 && before !== undefined && read > before.read && read < unread.upTo;
}

function withReceipt(record: ChatRecord, receipt: Frame<"receipt">, me: Id): ChatRecord {
  const { user, delivered, read } = receipt;
  if (user === me) {
    return delivered > record.delivered ? { ...record, delivered } : record;
  }
  const before = record.marks[user] ?? { delivered: 0, read: 0 };
  const after = { delivered: Math.max(before.delivered, delivered, read), read: Math.max(before.read, read) };
  if (after.delivered === before.delivered && after.read === before.read) return record;
  if (record.memberCount > NAMED_RECEIPTS_MAX) return record;
  return { ...record, marks: { ...record.marks, [user]: after } };
}

function withReceiptCounts(record: ChatRecord, { seq, delivered_count: delivered, read_count: read }: Frame<"receipt_counts">): ChatRecord {
  const others = (record.receipts ?? []).filter((each) => each.seq !== seq);
  const receipts = [...others, { seq, delivered, read }].sort((a, b) => a.seq - b.seq).slice(-COUNTED_MAX);
  const everybody = record.memberCount - 1;
  return withReached({ ...record, receipts }, { delivered: delivered >= everybody ? seq : 0, read: read >= everybody ? seq : 0 });
}

/** How far own messages got, by the `status` that pages tell of them. Who has one of them has all before it. */
export function reachedIn(messages: readonly WireMessage[]): Reached {
  const newest = (...statuses: WireMessage["status"][]): Seq =>
    messages.reduce((seq, message) => (message.status !== undefined && statuses.includes(message.status) ? Math.max(seq, message.seq) : seq), 0);
  return { delivered: newest("delivered", "read"), read: newest("read") };
}

/** Never lowers what is known. */
export function withReached(record: ChatRecord, { delivered, read }: Reached): ChatRecord {
  const before = record.reached ?? { delivered: 0, read: 0 };
  const after = { delivered: Math.max(before.delivered, delivered), read: Math.max(before.read, read) };
  return after.delivered === before.delivered && after.read === before.read ? record : { ...record, reached: after };
}

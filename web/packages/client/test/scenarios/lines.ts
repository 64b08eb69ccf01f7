/** What a chat shows: the events a client was told, folded into lines. */

import type { Message } from "../../src/index.js";
import { Differs, type Fields, type Json } from "./values.js";

const NOTICES = ["members_added", "member_removed", "role_changed", "chat_changed", "chat_created"];

export class Lines {
  private readonly bySeq = new Map<number, Fields>();
  private last: number | undefined;

  /** Takes the next event. */
  take(event: Fields): void {
    const { seq, kind, author, target } = event as { seq: number; kind: string; author: string; target?: number };
    if (this.last !== undefined && seq !== this.last + 1) throw new Differs(`event ${seq} was told after ${this.last}`);
    this.last = seq;
    const aim = target === undefined ? undefined : this.bySeq.get(target);
    if (kind === "message") this.bySeq.set(seq, { seq, author, ...only(event, "reply_to"), ...said(event) });
    else if (NOTICES.includes(kind)) this.bySeq.set(seq, { seq, author, notice: kind });
    else if (aim && kind === "message_edited") Object.assign(aim, said(event), { edited: true });
    else if (aim && kind === "message_deleted") this.bySeq.set(aim.seq as number, { ...only(aim, "seq", "author"), deleted: true });
    else if (aim && kind === "reaction_changed") react(aim, event);
  }

  /** Shows what the store has. */
  restore(messages: readonly Message[]): void {
    for (const message of messages) this.bySeq.set(message.seq, lineOf(message));
  }

  newest(count: number | undefined): Json {
    const lines = [...this.bySeq.entries()].sort(([one], [other]) => one - other).map(([, line]) => line);
    return count === undefined ? lines : lines.slice(Math.max(0, lines.length - count));
  }
}

/** A message of the library as a line. */
export function lineOf(message: Message): Fields {
  const { seq, author, content, replyTo, editedAt, reactions } = message;
  const line: Fields = { seq, author };
  if (replyTo !== undefined) line.reply_to = replyTo;
  if (editedAt !== undefined) line.edited = true;
  if (reactions.length > 0) line.reactions = Object.fromEntries(reactions.map(({ emoji, users }) => [emoji, users]));
  if ("deleted" in content) return { ...line, deleted: true };
  if ("notice" in content) return { ...line, notice: content.notice.kind };
  return content.body.type === "text" ? { ...line, text: content.body.text } : { ...line, body: JSON.parse(JSON.stringify(content.body)) as Json };
}

function react(line: Fields, event: Fields): void {
  const { emoji, on, author } = event as { emoji: string; on: boolean; author: string };
  const reactions = (line.reactions ?? {}) as { [emoji: string]: string[] };
  const others = (reactions[emoji] ?? []).filter((user) => user !== author);
  line.reactions = { ...reactions, [emoji]: on ? [...others, author] : others };
}

function said(event: Fields): Fields {
  const body = (event.body ?? {}) as Fields;
  if (body.type === "text") return { text: body.text ?? "" };
  return event.body === undefined ? {} : { body };
}

function only(fields: Fields, ...names: string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}

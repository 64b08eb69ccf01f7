/**
 * What a screen reader is told of new messages: each one while they come singly, and only their number while they come in floods.
 *
 * - History is never announced: only what is above the highest seq seen, at the end of the conversation.
 */
import type { Id, Message, Seq } from "parlour-client";

export interface Announcement {
  /** The messages to read out; empty if only their number is to be said. */
  messages: readonly Message[];
  count: number;
}

/** At most so many are read out at once; nobody could follow more. */
const readOutMax = 3;

export class Announcer {
  #announced: Seq;

  /** Nothing up to `head` is new. */
  constructor(head: Seq, private readonly me: Id) {
    this.#announced = head;
  }

  /** What is new among the messages at the end of the conversation; `undefined` if nothing is. */
  take(messages: readonly Message[]): Announcement | undefined {
    const fresh: Message[] = [];
    for (let index = messages.length - 1; index >= 0; index -= 1) {
      const message = messages[index];
      if (!message || message.seq <= this.#announced) break;
      if (message.author !== this.me) fresh.unshift(message);
    }
    this.#announced = Math.max(this.#announced, messages.at(-1)?.seq ?? 0);
    if (fresh.length === 0) return undefined;
    return { messages: fresh.length > readOutMax ? [] : fresh, count: fresh.length };
  }
}

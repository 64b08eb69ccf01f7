/** Single messages that are shown outside of a timeline, such as the original of a reply. */

import type { Message, Seq } from "../api.js";
import { changed, changeOf, toMessage } from "../convert.js";
import { type Core, isOnline } from "../core.js";
import { Cell } from "../readable.js";
import type { WireEvent } from "../wire.js";

/** Messages remembered while nobody looks at them. */
const REMEMBERED_MAX = 300;

/** The single messages of one chat. */
export class Quotes {
  private readonly cells = new Map<Seq, Cell<Message | undefined>>();

  constructor(private readonly core: Core, private readonly chat: string) {}

  /** One message: from the device, else fetched; `loaded` if it is at hand already. */
  get(seq: Seq, loaded: Message | undefined): Cell<Message | undefined> {
    const known = this.cells.get(seq);
    if (known) return known;
    this.letGo();
    const cell = new Cell<Message | undefined>(this.core.announcer, loaded);
    this.cells.set(seq, cell);
    if (!loaded) void this.load(seq, cell);
    return cell;
  }

  /** Events of the chat were applied. */
  take(events: readonly WireEvent[]): void {
    for (const event of events) {
      const change = changeOf(event);
      const cell = change && this.cells.get(change.target);
      if (change && cell?.value) cell.set(changed(cell.value, change));
    }
  }

  /** The connection is back: fetches what could not be fetched. */
  reconnected(): void {
    for (const [seq, cell] of this.cells) if (!cell.value) void this.load(seq, cell);
  }

  private async load(seq: Seq, cell: Cell<Message | undefined>): Promise<void> {
    try {
      const kept = await this.core.store.messages(this.chat, { after: seq - 1, limit: 1 });
      const [first] = kept.messages;
      if (first?.message.seq === seq) return cell.set(first.message);
      if (!isOnline(this.core)) return;
      cell.set(toMessage(await this.core.rest.call("GET /chats/{chat}/messages/{message}", { path: { chat: this.chat, message: String(seq) } })));
    } catch {
      // There is none, or it is not for this user; or the next connection brings it.
    }
  }

  private letGo(): void {
    for (const [seq, cell] of this.cells) {
      if (this.cells.size < REMEMBERED_MAX) return;
      if (!cell.isWatched) this.cells.delete(seq);
    }
  }
}

/** A store that ends with the program. */

import type { Id, Seq } from "../api.js";
import type { Batch, Kept, LocalStore, Outgoing, Saved, SavedSession } from "../store.js";
import { commitTo, KEPT_MAX } from "./commit.js";
import { keptOf, savedOf } from "./reading.js";
import type { ChatRow, DraftRow, MessageRow, MetaRow, Tables, UserRow } from "./tables.js";

/** A store in memory: for bots, for tests, and for browsers that refuse anything better. `keep`: messages of one chat. */
export function memoryStore({ keep = KEPT_MAX }: { keep?: number } = {}): LocalStore {
  return new MemoryStore(keep);
}

class MemoryStore implements LocalStore {
  readonly kind = "memory";
  private readonly rows = new Rows();
  /** Commits take turns, as transactions would. */
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly keep: number) {}

  async load(): Promise<Saved> {
    await this.last;
    const { rows } = this;
    return savedOf(rows.metaRow, {
      chats: [...rows.chats.values()],
      outbox: [...rows.outbox.values()],
      users: [...rows.users.values()],
      drafts: [...rows.drafts.values()],
    });
  }

  async session(): Promise<{ epoch: number; session?: SavedSession }> {
    await this.last;
    return this.rows.metaRow;
  }

  commit(batch: Batch): Promise<void> {
    const turn = this.last.then(() => commitTo(this.rows, batch, this.keep));
    this.last = turn.catch(() => {});
    return turn;
  }

  async messages(chat: Id, range: { before?: Seq; after?: Seq; limit: number }): Promise<Kept> {
    await this.last;
    const all = [...(this.rows.messages.get(chat)?.values() ?? [])].sort((a, b) => a.seq - b.seq);
    const to = this.rows.chats.get(chat)?.progress?.applied ?? 0;
    if (range.after !== undefined) {
      const { after } = range;
      const above = all.filter((row) => row.seq > after && row.seq <= to);
      return keptOf(this.rows.chats.get(chat), above.slice(0, range.limit));
    }
    const below = all.filter((row) => row.seq < (range.before ?? to + 1) && row.seq <= to);
    return keptOf(this.rows.chats.get(chat), below.slice(-range.limit));
  }

  async close(): Promise<void> {
    await this.last;
  }
}

/** The rows. A commit checks everything that can fail before its first change, so nothing has to be taken back. */
class Rows implements Tables {
  metaRow: MetaRow = { epoch: 0 };
  readonly chats = new Map<Id, ChatRow>();
  readonly messages = new Map<Id, Map<Seq, MessageRow>>();
  readonly outbox = new Map<string, Outgoing>();
  readonly users = new Map<Id, UserRow>();
  readonly drafts = new Map<Id, DraftRow>();

  async meta(): Promise<MetaRow> {
    return this.metaRow;
  }
  putMeta(row: MetaRow): void {
    this.metaRow = row;
  }
  async chat(id: Id): Promise<ChatRow | undefined> {
    return this.chats.get(id);
  }
  putChat(row: ChatRow): void {
    this.chats.set(row.id, row);
  }
  deleteChat(id: Id): void {
    this.chats.delete(id);
  }
  async message(chat: Id, seq: Seq): Promise<MessageRow | undefined> {
    return this.messages.get(chat)?.get(seq);
  }
  putMessage(row: MessageRow): void {
    const ofChat = this.messages.get(row.chat);
    if (ofChat) ofChat.set(row.seq, row);
    else this.messages.set(row.chat, new Map([[row.seq, row]]));
  }
  deleteMessages(chat: Id): void {
    this.messages.delete(chat);
  }
  async trim(chat: Id, keep: number): Promise<Seq | undefined> {
    const ofChat = this.messages.get(chat);
    const seqs = [...(ofChat?.keys() ?? [])].sort((a, b) => a - b);
    const excess = seqs.slice(0, Math.max(0, seqs.length - keep));
    for (const seq of excess) ofChat?.delete(seq);
    return excess.length > 0 ? seqs[excess.length] : undefined;
  }
  putOutgoing(row: Outgoing): void {
    this.outbox.set(row.name, row);
  }
  deleteOutgoing(name: string): void {
    this.outbox.delete(name);
  }
  putUser(row: UserRow): void {
    this.users.set(row.id, row);
  }
  putDraft(row: DraftRow): void {
    this.drafts.set(row.chat, row);
  }
  deleteDraft(chat: Id): void {
    this.drafts.delete(chat);
  }
  clear(): void {
    for (const table of [this.chats, this.messages, this.outbox, this.users, this.drafts]) table.clear();
  }
}

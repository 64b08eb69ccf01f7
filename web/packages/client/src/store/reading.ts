/** From rows to what a store gives: the same for every store. */

import type { Kept, Outgoing, Saved } from "../store.js";
import type { ChatRow, DraftRow, MessageRow, MetaRow, UserRow } from "./tables.js";

/** All rows but the messages. */
export interface AllRows { chats: ChatRow[]; outbox: Outgoing[]; users: UserRow[]; drafts: DraftRow[] }

/** What `load` gives. */
export function savedOf(meta: MetaRow, rows: AllRows): Saved {
  const saved: Saved = {
    epoch: meta.epoch,
    ...(meta.session && { session: meta.session }),
    progress: new Map(),
    records: new Map(),
    outbox: [...rows.outbox].sort((a, b) => a.order - b.order),
    users: rows.users.map(({ user, fetchedAt }) => ({ user, fetchedAt })),
    drafts: new Map(rows.drafts.map(({ chat, text }) => [chat, text])),
  };
  for (const { id, progress, record } of rows.chats) {
    if (progress) saved.progress.set(id, { ...progress });
    if (record) saved.records.set(id, record);
  }
  return saved;
}

/** What `messages` gives. */
export function keptOf(chat: ChatRow | undefined, rows: MessageRow[]): Kept {
  const messages = rows.map(({ message, at }) => ({ message, at }));
  const to = chat?.progress?.applied ?? 0;
  return { messages, from: chat?.from ?? to + 1, to };
}

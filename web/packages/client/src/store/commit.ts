/**
 * What one batch does to the rows: the same for every store.
 *
 * - A cursor never falls and an event counts once, whichever tab brings it: what lies at or below the stored cursor has
 *   been taken in before.
 * - Every kept message carries the changes of all events up to the cursor. A stretch of history that is older than the
 *   cursor, or does not join what is kept, is therefore not taken.
 */

import type { Id, Seq } from "../api.js";
import { changed, changeOf, lineOf } from "../convert.js";
import { type Batch, type ChatRecord, type Progress, StoreOutdated, type Stretch } from "../store.js";
import type { WireEvent } from "../wire.js";
import type { ChatRow, MessageRow, Tables } from "./tables.js";

/** Messages kept of one chat, more or less, unless told. */
export const KEPT_MAX = 2_000;
/** Old messages go whenever the cursor passes a multiple of this. */
const TRIM_EVERY = 256;

/** Makes the batch's changes. Rejects before the first one if the store was wiped since. */
export async function commitTo(tables: Tables, batch: Batch, keptMax: number): Promise<void> {
  const meta = await tables.meta();
  if (meta.epoch !== batch.epoch) throw new StoreOutdated("the store was emptied by another tab");
  if (batch.wipe) tables.clear();
  if (batch.wipe || batch.session) {
    const session = batch.session ?? (batch.wipe ? undefined : meta.session);
    tables.putMeta({ epoch: meta.epoch + (batch.wipe ? 1 : 0), ...(session && { session }) });
  }
  for (const chat of chatsOf(batch)) await commitChat({ tables, batch, keptMax }, chat);
  for (const [name, outgoing] of batch.outbox) outgoing ? tables.putOutgoing(outgoing) : tables.deleteOutgoing(name);
  for (const saved of batch.users) tables.putUser({ ...saved, id: saved.user.id });
  for (const [chat, text] of batch.drafts) text ? tables.putDraft({ chat, text }) : tables.deleteDraft(chat);
}

function chatsOf(batch: Batch): Set<Id> {
  const named = [...batch.events, ...batch.stretches].map(({ chat }) => chat);
  return new Set([...batch.dropped, ...named, ...batch.progress.keys(), ...batch.records.keys()]);
}

async function commitChat({ tables, batch, keptMax }: { tables: Tables; batch: Batch; keptMax: number }, id: Id): Promise<void> {
  const progress = batch.progress.get(id);
  if (progress === null) {
    tables.deleteMessages(id);
    tables.deleteChat(id);
    return;
  }
  const row = await tables.chat(id);
  const isDropped = batch.dropped.has(id);
  if (isDropped) tables.deleteMessages(id);
  const events = batch.events.filter((event) => event.chat === id);
  let after = await takeEvents(tables, row && !isDropped ? row : withoutMessages(id, row), events, keptMax);
  if (progress) after = withProgress(after, progress);
  const record = batch.records.get(id);
  if (record && (isDropped || isNewer(record, after.record))) after = { ...after, record };
  for (const stretch of batch.stretches) if (stretch.chat === id) after = await takeStretch(tables, after, stretch);
  tables.putChat(after);
}

/** What a chat is when its messages go: it stays in the list. */
function withoutMessages(id: Id, row: ChatRow | undefined): ChatRow {
  return { id, from: 0, ...(row?.record && { record: row.record }) };
}

/** Takes in the events that are new here. */
async function takeEvents(tables: Tables, row: ChatRow, events: WireEvent[], keptMax: number): Promise<ChatRow> {
  const cursor = row.progress?.applied ?? 0;
  const fresh = events.filter((event) => event.seq > cursor);
  const [first] = fresh;
  const last = fresh.at(-1);
  if (!first || !last) return row;
  let { from } = row;
  if (!row.progress || first.seq > cursor + 1) {
    // What is kept does not reach up to here.
    tables.deleteMessages(row.id);
    from = first.seq;
  }
  for (const event of fresh) await takeEvent(tables, event);
  if (Math.floor(cursor / TRIM_EVERY) !== Math.floor(last.seq / TRIM_EVERY)) {
    from = Math.max(from, (await tables.trim(row.id, keptMax)) ?? from);
  }
  return { ...row, from, ...(row.progress && { progress: { ...row.progress, applied: last.seq } }) };
}

async function takeEvent(tables: Tables, event: WireEvent): Promise<void> {
  const message = lineOf(event);
  if (message) await put(tables, { chat: event.chat, seq: event.seq, at: event.seq, message });
  const change = changeOf(event);
  const target = change && (await tables.message(event.chat, change.target));
  if (target && target.at < event.seq) tables.putMessage({ ...target, at: event.seq, message: changed(target.message, change) });
}

/** Puts a message unless a newer state of it is there. */
async function put(tables: Tables, row: MessageRow): Promise<void> {
  const known = await tables.message(row.chat, row.seq);
  if (!known || known.at < row.at) tables.putMessage(row);
}

function withProgress(row: ChatRow, progress: Progress): ChatRow {
  const before = row.progress;
  if (!before) return { ...row, progress, from: row.from || progress.applied + 1 };
  const higher = (name: keyof Progress): Seq => Math.max(before[name], progress[name]);
  return { ...row, progress: { applied: higher("applied"), others: higher("others"), unseen: higher("unseen"), read: higher("read") } };
}

function isNewer(record: ChatRecord, known: ChatRecord | undefined): boolean {
  return !known || record.at > known.at || (record.at === known.at && record.read >= known.read);
}

async function takeStretch(tables: Tables, row: ChatRow, stretch: Stretch): Promise<ChatRow> {
  const isCurrent = row.progress !== undefined && stretch.at >= row.progress.applied;
  if (!isCurrent || stretch.to + 1 < row.from || stretch.from > row.from) return row;
  for (const message of stretch.messages) await put(tables, { chat: row.id, seq: message.seq, at: stretch.at, message });
  return { ...row, from: stretch.from };
}

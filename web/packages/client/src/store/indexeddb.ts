/**
 * A store in the browser that all tabs of one user share.
 *
 * A batch is one transaction of the database. Inside it nothing is awaited but the database, which would end it otherwise.
 * A browser may close a database in the middle of one: a transaction is whole or nothing, so it is tried once more in the
 * database opened anew.
 */

import type { Id, Seq } from "../api.js";
import { type Batch, type Kept, type LocalStore, type Outgoing, type Saved, type SavedSession, StoreOutdated } from "../store.js";
import { commitTo, KEPT_MAX } from "./commit.js";
import { keptOf, savedOf } from "./reading.js";
import type { ChatRow, DraftRow, MessageRow, MetaRow, Tables, UserRow } from "./tables.js";

const VERSION = 1;
/** The tables and what names a row in them. */
const KEYS: Record<Table, string | string[]> = {
  meta: "name", chats: "id", messages: ["chat", "seq"], outbox: "name", users: "id", drafts: "chat",
};
const TABLES = Object.keys(KEYS) as Table[];
type Table = "meta" | "chats" | "messages" | "outbox" | "users" | "drafts";

/** A store in the database `name`, with `keep` messages of each chat. Opened when it is first used; `load` rejects if the browser refuses. */
export function indexedDbStore(name = "parlour", { keep = KEPT_MAX }: { keep?: number } = {}): LocalStore {
  return new IndexedDbStore(name, keep);
}

class IndexedDbStore implements LocalStore {
  readonly kind = "indexeddb";
  private database: Promise<IDBDatabase> | undefined;

  constructor(readonly sharedAs: string, private readonly keep: number) {}

  load(): Promise<Saved> {
    return this.within(READING, loadFrom);
  }

  session(): Promise<{ epoch: number; session?: SavedSession }> {
    return this.within(READING, metaOf);
  }

  commit(batch: Batch): Promise<void> {
    const durability = isPrecious(batch) ? "strict" : "relaxed";
    return this.within({ mode: "readwrite", durability }, async (transaction) => {
      const done = completed(transaction);
      try {
        await commitTo(new Rows(transaction), batch, this.keep);
      } catch (error) {
        abort(transaction);
        await done.catch(() => {});
        throw error;
      }
      await done;
    });
  }

  messages(chat: Id, range: { before?: Seq; after?: Seq; limit: number }): Promise<Kept> {
    return this.within(READING, (transaction) => messagesFrom(transaction, chat, range));
  }

  async close(): Promise<void> {
    const database = await this.database?.catch(() => undefined);
    database?.close();
    this.database = undefined;
  }

  /** Does `work` in a transaction, and once more if that breaks off. */
  private async within<T>(how: How, work: (transaction: IDBTransaction) => Promise<T>): Promise<T> {
    const database = this.opened();
    try {
      return await work(begin(await database, how));
    } catch (error) {
      if (error instanceof StoreOutdated) throw error;
      // What is under way there comes to its end.
      void database.then((broken) => broken.close(), () => {});
      this.lose(database);
      return work(begin(await this.opened(), how));
    }
  }

  private opened(): Promise<IDBDatabase> {
    const database: Promise<IDBDatabase> = this.database ?? open(this.sharedAs, () => this.lose(database));
    this.database = database;
    return database;
  }

  /** The next transaction opens the database anew, unless another one has done that already. */
  private lose(database: Promise<IDBDatabase>): void {
    if (this.database === database) this.database = undefined;
  }
}

/** A kind of transaction. */
interface How { mode: IDBTransactionMode; durability: IDBTransactionDurability }
const READING: How = { mode: "readonly", durability: "relaxed" };

function begin(database: IDBDatabase, { mode, durability }: How): IDBTransaction {
  return database.transaction(TABLES, mode, { durability });
}

async function loadFrom(transaction: IDBTransaction): Promise<Saved> {
  const all = <T>(table: Table) => result<T[]>(transaction.objectStore(table).getAll());
  const meta = metaOf(transaction);
  const rows = [all<ChatRow>("chats"), all<Outgoing>("outbox"), all<UserRow>("users"), all<DraftRow>("drafts")] as const;
  const [chats, outbox, users, drafts] = await Promise.all(rows);
  return savedOf(await meta, { chats, outbox, users, drafts });
}

async function messagesFrom(transaction: IDBTransaction, chat: Id, range: { before?: Seq; after?: Seq; limit: number }): Promise<Kept> {
  const row = await result<ChatRow | undefined>(transaction.objectStore("chats").get(chat));
  const to = row?.progress?.applied ?? 0;
  const isAfter = range.after !== undefined;
  const [low, high] = isAfter ? [(range.after ?? 0) + 1, to] : [0, Math.min(to, (range.before ?? to + 1) - 1)];
  if (low > high) return keptOf(row, []);
  const within = IDBKeyRange.bound([chat, low], [chat, high]);
  const rows = await take(transaction.objectStore("messages"), within, isAfter ? "next" : "prev", range.limit);
  return keptOf(row, isAfter ? rows : rows.reverse());
}

/** What the server cannot tell again must outlive a power cut: sends, and tokens that are good once. */
function isPrecious(batch: Batch): boolean {
  return batch.session !== undefined || [...batch.outbox.values()].some((outgoing) => outgoing !== null);
}

/** Opens the database. `lost`: the browser has closed it, or wants to. */
function open(name: string, lost: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => {
      for (const table of TABLES) request.result.createObjectStore(table, { keyPath: KEYS[table] });
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = lost;
      database.onversionchange = () => {
        database.close();
        lost();
      };
      resolve(database);
    };
  });
}

function result<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error);
  });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
  });
}

/** Takes a transaction back, unless that has happened already. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // A failed request has aborted it.
  }
}

async function metaOf(transaction: IDBTransaction): Promise<MetaRow> {
  const row = await result<(MetaRow & { name: string }) | undefined>(transaction.objectStore("meta").get("meta"));
  return row ? { epoch: row.epoch, ...(row.session && { session: row.session }) } : { epoch: 0 };
}

/** The first `limit` rows of a range, in the direction. */
function take(table: IDBObjectStore, range: IDBKeyRange, direction: IDBCursorDirection, limit: number): Promise<MessageRow[]> {
  return new Promise((resolve, reject) => {
    const rows: MessageRow[] = [];
    const request = table.openCursor(range, direction);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor) rows.push(cursor.value as MessageRow);
      if (cursor && rows.length < limit) cursor.continue();
      else resolve(rows);
    };
  });
}

function messagesOf(chat: Id): IDBKeyRange {
  return IDBKeyRange.bound([chat, 0], [chat, Number.MAX_SAFE_INTEGER]);
}

/** The rows inside one transaction. A change that fails aborts it, so nobody has to wait for changes. */
class Rows implements Tables {
  constructor(private readonly transaction: IDBTransaction) {}

  meta(): Promise<MetaRow> {
    return metaOf(this.transaction);
  }
  putMeta(row: MetaRow): void {
    this.table("meta").put({ ...row, name: "meta" });
  }
  chat(id: Id): Promise<ChatRow | undefined> {
    return result(this.table("chats").get(id));
  }
  putChat(row: ChatRow): void {
    this.table("chats").put(row);
  }
  deleteChat(id: Id): void {
    this.table("chats").delete(id);
  }
  message(chat: Id, seq: Seq): Promise<MessageRow | undefined> {
    return result(this.table("messages").get([chat, seq]));
  }
  putMessage(row: MessageRow): void {
    this.table("messages").put(row);
  }
  deleteMessages(chat: Id): void {
    this.table("messages").delete(messagesOf(chat));
  }
  async trim(chat: Id, keep: number): Promise<Seq | undefined> {
    const seqs = await this.seqsFrom(chat, keep - 1);
    const [oldest, tooOld] = seqs;
    if (oldest === undefined || tooOld === undefined) return undefined;
    this.table("messages").delete(IDBKeyRange.bound([chat, 0], [chat, tooOld]));
    return oldest;
  }
  putOutgoing(row: Outgoing): void {
    this.table("outbox").put(row);
  }
  deleteOutgoing(name: string): void {
    this.table("outbox").delete(name);
  }
  putUser(row: UserRow): void {
    this.table("users").put(row);
  }
  putDraft(row: DraftRow): void {
    this.table("drafts").put(row);
  }
  deleteDraft(chat: Id): void {
    this.table("drafts").delete(chat);
  }
  clear(): void {
    for (const table of TABLES) if (table !== "meta") this.table(table).clear();
  }

  /** The seqs of two messages: that with `newer` newer ones, and the one before it. */
  private seqsFrom(chat: Id, newer: number): Promise<Seq[]> {
    return new Promise((resolve, reject) => {
      const seqs: Seq[] = [];
      let isPlaced = newer === 0;
      const request = this.table("messages").openKeyCursor(messagesOf(chat), "prev");
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor) return resolve(seqs);
        if (!isPlaced) {
          isPlaced = true;
          return cursor.advance(newer);
        }
        seqs.push((cursor.key as [Id, Seq])[1]);
        if (seqs.length === 2) resolve(seqs);
        else cursor.continue();
      };
    });
  }

  private table(name: Table): IDBObjectStore {
    return this.transaction.objectStore(name);
  }
}

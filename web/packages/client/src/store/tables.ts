/** What a store keeps, as rows; and the few things that a transaction does with them. */

import type { Id, Message, Seq } from "../api.js";
import type { ChatRecord, Outgoing, Progress, SavedSession, SavedUser } from "../store.js";

export interface MetaRow { epoch: number; session?: SavedSession }
/** `from`: every line from here to the cursor is kept. */
export interface ChatRow { id: Id; from: Seq; progress?: Progress; record?: ChatRecord }
/** `at`: the last event whose change is in the message. */
export interface MessageRow { chat: Id; seq: Seq; at: Seq; message: Message }
export interface UserRow extends SavedUser { id: Id }
export interface DraftRow { chat: Id; text: string }

/** The rows inside one transaction. */
export interface Tables {
  meta(): Promise<MetaRow>;
  putMeta(row: MetaRow): void;
  chat(id: Id): Promise<ChatRow | undefined>;
  putChat(row: ChatRow): void;
  deleteChat(id: Id): void;
  message(chat: Id, seq: Seq): Promise<MessageRow | undefined>;
  putMessage(row: MessageRow): void;
  deleteMessages(chat: Id): void;
  /** Deletes all but the newest `keep` messages of a chat; gives the seq of the oldest left if any went. */
  trim(chat: Id, keep: number): Promise<Seq | undefined>;
  putOutgoing(row: Outgoing): void;
  deleteOutgoing(name: string): void;
  putUser(row: UserRow): void;
  putDraft(row: DraftRow): void;
  deleteDraft(chat: Id): void;
  /** Deletes every row but `meta`. */
  clear(): void;
}

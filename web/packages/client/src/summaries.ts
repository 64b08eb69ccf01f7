/** What is known of chats beside their events: summaries and how far messages got, as answers of the server tell it. */

import type { Id } from "./api.js";
import { type Core, isOnline } from "./core.js";
import { isUnreadUncertain, NAMED_RECEIPTS_MAX, reachedIn } from "./model/records.js";
import { Refreshing } from "./model/refreshing.js";
import { failure, unreachable } from "./problem.js";
import type { ChatRecord } from "./store.js";
import type { WireChat, WireMessage } from "./wire.js";

/** The newest messages of a large chat whose status is asked for. */
const STATUSES_MAX = 50;

/** What summaries need beside the core. */
export interface Shown {
  /** Who is signed in. */
  me(): Id | undefined;
  /** Whether anybody looks at the chat's history. */
  isOpen(chat: Id): boolean;
  /** The marks of a chat are others now. */
  marksChanged(chat: Id): void;
}

/** The summaries of all chats, fetched again when events alone do not say everything. */
export class Summaries {
  private readonly refreshing: Refreshing;

  constructor(private readonly core: Core, private readonly shown: Shown) {
    this.refreshing = new Refreshing(() => isOnline(core), (chat) => this.fetch(chat));
  }

  /** The summary may be out of date. */
  want(chat: Id): void {
    this.refreshing.want(chat);
  }

  /** Somebody looks at the chat: its summary must be of this connection. */
  wantFresh(chat: Id): void {
    this.refreshing.wantFresh(chat);
  }

  /** A summary came as a frame. */
  got(chat: Id): void {
    this.refreshing.got(chat);
  }

  /** Marks may be missed from now on. */
  lost(): void {
    this.refreshing.lost();
  }

  /** The connection is there: fetches what is wanted, also by a run before this one. */
  catchUp(): void {
    for (const chat of this.core.chats.outdated) this.want(chat);
    this.refreshing.catchUp();
  }

  /** Everything is gone. */
  forget(): void {
    this.refreshing.forget();
  }

  /** An event has changed what is known of a chat. */
  changed(chat: Id, before: ChatRecord | undefined, after: ChatRecord | undefined): void {
    this.shown.marksChanged(chat);
    if (after && isUnreadUncertain(after, before)) this.want(chat);
  }

  /** A mark of one's own rose on another device: what counts as unread may be less than is known. */
  marked(chat: Id): void {
    const record = this.core.chats.record(chat);
    if (record && record.unread.counted > 0 && record.read < record.unread.upTo) this.want(chat);
  }

  /** Takes over a summary that an answer brought along. */
  learn(chat: WireChat): void {
    const me = this.shown.me();
    const record = me !== undefined && this.core.chats.learn(chat, me);
    if (!record) return;
    this.got(chat.id);
    this.keep(chat.id, record);
  }

  /** Takes over how far own messages got, as a page tells it. */
  learnReached(chat: Id, messages: readonly WireMessage[]): void {
    const record = this.core.chats.reach(chat, reachedIn(messages));
    if (record) this.keep(chat, record);
  }

  private keep(chat: Id, record: ChatRecord): void {
    this.shown.marksChanged(chat);
    void this.core.driver.keep((batch) => batch.records.set(chat, record));
  }

  private async fetch(chat: Id): Promise<void> {
    const { chats, rest } = this.core;
    const isKnown = () => chats.record(chat) !== undefined || chats.cursor(chat) !== undefined;
    const wasKnown = isKnown();
    const summary = await rest.call("GET /chats/{chat}", { path: { chat } });
    // Whoever has left it meanwhile would never be told of its end again.
    if (wasKnown && !isKnown()) return;
    this.learn(summary);
    // Asked again after a pause, like every summary that cannot be had now.
    if (chats.isOutdated(chat)) throw failure(unreachable("the summary is older than what is known already"));
    if (summary.member_count <= NAMED_RECEIPTS_MAX || !this.shown.isOpen(chat)) return;
    // So large a chat tells no marks; how far own messages got is told with the messages.
    const page = await rest.call("GET /chats/{chat}/messages", { path: { chat }, query: { limit: STATUSES_MAX } });
    this.learnReached(chat, page.messages);
  }
}

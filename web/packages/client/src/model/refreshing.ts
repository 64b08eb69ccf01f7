/**
 * Fetching chats' summaries again, a few at a time, when events alone do not say everything any more.
 *
 * A chat that is wanted stays wanted until its summary is here, or the server refuses it for good.
 */

import type { Id } from "../api.js";
import { isParlourError } from "../problem.js";
import { Pauses } from "./pauses.js";

/** Calls at once. */
const CALLS_MAX = 4;

/** The chats whose summary has to be fetched. */
export class Refreshing {
  private readonly stale = new Set<Id>();
  private readonly open = new Set<Id>();
  /** Those whose summary of this connection is here. */
  private readonly fresh = new Set<Id>();
  private readonly pauses = new Pauses(() => this.pump());

  /** `fetch` resolves once the summary is taken over; it rejects if there is none now. */
  constructor(private readonly isOnline: () => boolean, private readonly fetch: (chat: Id) => Promise<void>) {}

  /** The summary may be out of date. */
  want(chat: Id): void {
    this.stale.add(chat);
    this.pump();
  }

  /** Somebody looks at the chat: its summary must be of this connection. */
  wantFresh(chat: Id): void {
    if (!this.fresh.has(chat)) this.want(chat);
  }

  /** A summary came by itself. */
  got(chat: Id): void {
    this.fresh.add(chat);
  }

  /** The connection was lost: marks that rise now are missed. */
  lost(): void {
    this.fresh.clear();
  }

  /** The connection is there: fetches what is wanted. */
  catchUp(): void {
    this.pauses.reset();
    this.pump();
  }

  /** Everything is gone. */
  forget(): void {
    this.pauses.reset();
    this.fresh.clear();
    this.stale.clear();
  }

  private pump(): void {
    if (this.pauses.over) return;
    for (const chat of this.stale) {
      if (!this.isOnline() || this.open.size >= CALLS_MAX) return;
      if (this.open.has(chat)) continue;
      this.stale.delete(chat);
      this.open.add(chat);
      void this.ask(chat);
    }
  }

  private async ask(chat: Id): Promise<void> {
    try {
      await this.fetch(chat);
      this.fresh.add(chat);
      this.pauses.reset();
    } catch (error) {
      this.failed(chat, error);
    } finally {
      this.open.delete(chat);
      this.pump();
    }
  }

  /** The chat is not the user's any more, or it is tried again: after a pause, or without a connection with the next one. */
  private failed(chat: Id, error: unknown): void {
    if (!isParlourError(error) || error.problem.retry === "never") return;
    this.stale.add(chat);
    if (this.isOnline() && !this.pauses.over) this.pauses.begin(error.problem.retryAfterMs);
  }
}

/** The client rule, for one chat: the next seq is applied, an old one dropped, a later one held. */

import type { Id, Seq, Timestamp } from "../api.js";
import type { Progress } from "../store.js";
import type { WireEvent, WireMarks } from "../wire.js";

/** Events held above a hole at most; `sync` brings the others again. */
const HELD_MAX = 256;

/** What a client knows of one chat. */
export class ChatState {
  private readonly held = new Map<Seq, WireEvent>();
  /** The highest seq seen, held or not. */
  private highest: Seq;
  /** The user's marks as the server last told them. */
  marks: WireMarks = { delivered: 0, read: 0 };
  /** Whether a mark is on its way. */
  markOpen = false;
  markNotBefore: Timestamp = 0;

  /** Without `progress`: an event came of a chat whose summary has not come yet. */
  constructor(public progress?: Progress) {
    this.highest = progress?.applied ?? 0;
  }

  /** The cursor; 0 without one. */
  get applied(): Seq {
    return this.progress?.applied ?? 0;
  }

  /** Takes an event and gives those that are to be applied now, in order. */
  receive(event: WireEvent, me: Id | undefined): WireEvent[] {
    this.highest = Math.max(this.highest, event.seq);
    if (!this.progress || event.seq > this.applied + 1) {
      this.hold(event);
      return [];
    }
    if (event.seq <= this.applied) return [];
    this.apply(this.progress, event, me);
    return [event, ...this.applyHeld(me)];
  }

  /** Sets the cursor without events, and gives the held events that follow there. */
  jump(progress: Progress, me: Id | undefined): WireEvent[] {
    this.progress = progress;
    this.reaches(progress.applied);
    return this.applyHeld(me);
  }

  /** Hears that the log reaches to `head`. */
  reaches(head: Seq): void {
    this.highest = Math.max(this.highest, head);
  }

  /** Hears that the log ends earlier than what was seen of it: forgets what is not applied. */
  forgetUnapplied(): void {
    this.held.clear();
    this.highest = 0;
  }

  /** Whether something between the cursor and the highest known seq is missing. */
  get hasHole(): boolean {
    return this.progress !== undefined && this.progress.applied < this.highest;
  }

  private hold(event: WireEvent): void {
    this.held.set(event.seq, event);
    if (this.held.size > HELD_MAX) this.held.delete(Math.max(...this.held.keys()));
  }

  private applyHeld(me: Id | undefined): WireEvent[] {
    const applied: WireEvent[] = [];
    let next = this.held.get(this.applied + 1);
    while (next && this.progress) {
      this.apply(this.progress, next, me);
      applied.push(next);
      next = this.held.get(this.applied + 1);
    }
    // `sync` may have brought what is held here too.
    for (const seq of this.held.keys()) if (seq <= this.applied) this.held.delete(seq);
    return applied;
  }

  private apply(progress: Progress, event: WireEvent, me: Id | undefined): void {
    progress.applied = event.seq;
    if (event.kind !== "message") return;
    if (event.author !== me) progress.others = event.seq;
    // Who writes after having read everything has read their own message too.
    else if (progress.read >= Math.max(progress.others, progress.unseen)) progress.read = event.seq;
  }
}

/**
 * The loaded part of a chat's history: every line from `low` to `high`, and what happens to them.
 *
 * Each row knows the event up to which its state is right, so a change is applied once, whether it came with a page or
 * after it.
 */

import type { Message, Seq } from "../api.js";
import { changed, changeOf, lineOf } from "../convert.js";
import type { WireEvent } from "../wire.js";

/** Messages loaded at most, more or less. */
export const WINDOW_MAX = 400;
/** How many go at once, so that not every new message moves all rows. */
const LET_GO = 100;

export interface Row { message: Message; at: Seq }

/** A part of the history that was fetched: every line from `from` to `to`. */
export interface Page { rows: Row[]; from: Seq; to: Seq }

/** The rows of one timeline. */
export class Window {
  private rows: Row[] = [];
  private snapshot: readonly Message[] | undefined;
  /** Every line from here on is loaded. */
  low: Seq = 1;
  /** Up to here. */
  high: Seq = 0;

  /** The loaded messages, ascending; the same array until something changes. */
  get messages(): readonly Message[] {
    this.snapshot ??= this.rows.map(({ message }) => message);
    return this.snapshot;
  }

  /** Shows another part in place of this one. */
  replace({ rows, from, to }: Page): void {
    this.rows = [...rows];
    this.low = from;
    this.high = to;
    this.snapshot = undefined;
  }

  /** Puts an older part, which ends where this one begins, before it; the far end goes if it gets long. */
  prepend({ rows, from }: Page): void {
    this.rows = [...rows.filter(({ message }) => message.seq < this.low), ...this.rows];
    this.low = from;
    this.snapshot = undefined;
    if (this.rows.length > WINDOW_MAX) this.letGoEnd(WINDOW_MAX);
  }

  /** Puts a newer part, which begins where this one ends, behind it; the far end goes if it gets long. */
  append({ rows, to }: Page): void {
    this.rows.push(...rows.filter(({ message }) => message.seq > this.high));
    this.high = Math.max(this.high, to);
    this.snapshot = undefined;
    if (this.rows.length > WINDOW_MAX) this.letGoStart(this.rows.length - WINDOW_MAX);
  }

  /** Takes the next event of the chat. `visible`: the first seq that must stay. Tells whether anything changed. */
  take(event: WireEvent, visible: Seq): boolean {
    const joins = event.seq === this.high + 1;
    const line = lineOf(event);
    if (joins && line && this.rows.length >= WINDOW_MAX + LET_GO && !this.makeRoom(visible)) return false;
    if (joins) this.high = event.seq;
    if (joins && line) this.rows.push({ message: line, at: event.seq });
    const isChanged = this.change(event) || (joins && line !== undefined);
    if (isChanged) this.snapshot = undefined;
    return isChanged;
  }

  /** The loaded message with this seq. */
  message(seq: Seq): Message | undefined {
    return this.rows[this.find(seq)]?.message;
  }

  private change(event: WireEvent): boolean {
    const change = changeOf(event);
    const place = change ? this.find(change.target) : -1;
    const row = this.rows[place];
    if (!change || !row || row.at >= event.seq) return false;
    this.rows[place] = { message: changed(row.message, change), at: event.seq };
    return true;
  }

  /** Makes room at the start, unless somebody looks at it. */
  private makeRoom(visible: Seq): boolean {
    const firstToStay = this.rows[LET_GO]?.message.seq ?? 0;
    if (visible < firstToStay) return false;
    this.letGoStart(LET_GO);
    return true;
  }

  private letGoStart(count: number): void {
    this.rows.splice(0, count);
    this.low = this.rows[0]?.message.seq ?? this.high + 1;
  }

  private letGoEnd(keep: number): void {
    this.rows.splice(keep);
    this.high = this.rows.at(-1)?.message.seq ?? this.low - 1;
  }

  /** Where the row of `seq` is; -1 if it is not loaded. */
  private find(seq: Seq): number {
    let [from, to] = [0, this.rows.length - 1];
    while (from <= to) {
      const middle = (from + to) >> 1;
      const found = this.rows[middle]?.message.seq ?? 0;
      if (found === seq) return middle;
      if (found < seq) from = middle + 1;
      else to = middle - 1;
    }
    return -1;
  }
}

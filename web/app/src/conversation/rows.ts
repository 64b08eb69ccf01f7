/**
 * Turns messages and own sends into the rows of a conversation: day separators, the unread marker, and messages grouped by author.
 *
 * - A row keeps its key from change to change, so that the screen can stay where it is.
 * - Pure: the same messages give the same rows.
 */
import type { Message, Pending, Seq, Timestamp } from "parlour-client";
import { startOfDay } from "../i18n/dates.js";
import { isNoticeMessage } from "./texts.js";

export type Row =
  | { kind: "day"; key: string; at: Timestamp }
  | { kind: "unread"; key: string }
  | { kind: "notice"; key: string; message: Message }
  | ({ kind: "message"; key: string; message: Message } & InGroup)
  | ({ kind: "pending"; key: string; pending: Pending } & InGroup);

/** Where a message stands among those that its author wrote in one go. */
interface InGroup {
  first: boolean;
  last: boolean;
}

export interface RowsInput {
  messages: readonly Message[];
  /** Own sends that are not in the log yet, in order. */
  pending: readonly Pending[];
  /** The marker stands before the first message of somebody else after this one; `undefined`: no marker. */
  unreadAfter: Seq | undefined;
  me: string;
}

/** After this pause a group ends, though the author is the same. */
const groupPauseMs = 5 * 60_000;

export function buildRows(input: RowsInput): Row[] {
  const rows: Row[] = [];
  let day: Timestamp | undefined;
  let marked = input.unreadAfter === undefined;
  const startDay = (at: Timestamp) => {
    const start = startOfDay(at);
    if (start === day) return;
    day = start;
    rows.push({ kind: "day", key: `day-${start}`, at });
  };
  for (const message of input.messages) {
    startDay(message.sentAt);
    if (!marked && message.seq > (input.unreadAfter ?? 0) && message.author !== input.me) {
      marked = true;
      rows.push({ kind: "unread", key: "unread" });
    }
    rows.push(rowOf(message));
  }
  for (const pending of input.pending) {
    if (pending.operation.type !== "send") continue;
    startDay(pending.createdAt);
    rows.push({ kind: "pending", key: `k${pending.key}`, pending, first: true, last: true });
  }
  return markGroups(rows, input.me);
}

function rowOf(message: Message): Row {
  const key = message.key === undefined ? `s${message.seq}` : `k${message.key}`;
  return isNoticeMessage(message) ? { kind: "notice", key, message } : { kind: "message", key, message, first: true, last: true };
}

/** Says of each row whether it opens and closes a group; looks at neighbours only. */
function markGroups(rows: Row[], me: string): Row[] {
  for (let index = 1; index < rows.length; index += 1) {
    const before = rows[index - 1];
    const row = rows[index];
    if (!before || !row || !("first" in before) || !("first" in row) || !belongTogether(before, row, me)) continue;
    before.last = false;
    row.first = false;
  }
  return rows;
}

type Written = Extract<Row, InGroup>;

function belongTogether(before: Written, row: Written, me: string): boolean {
  return authorOf(before, me) === authorOf(row, me) && timeOf(row) - timeOf(before) < groupPauseMs;
}

const authorOf = (row: Written, me: string) => (row.kind === "message" ? row.message.author : me);
const timeOf = (row: Written) => (row.kind === "message" ? row.message.sentAt : row.pending.createdAt);

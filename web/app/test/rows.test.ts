/** Rows of a conversation: days, groups, the unread marker, what is on its way. */
import type { Message, Pending } from "parlour-client";
import { describe, expect, test } from "vitest";
import { buildRows, type Row } from "../src/conversation/rows.js";

const noon = new Date(2026, 2, 2, 12).getTime();
const minuteMs = 60_000;

function message(seq: number, author: string, more: Partial<Message> = {}): Message {
  return { chat: "1", seq, id: `${seq}`, author, sentAt: noon + seq * minuteMs, content: { body: { type: "text", text: `${seq}` } }, reactions: [], ...more };
}

function pending(key: string, operation: Pending["operation"]): Pending {
  return { key, chat: "1", operation, createdAt: noon + 60 * minuteMs, state: "queued" };
}

const rowsOf = (messages: Message[], more: Partial<Parameters<typeof buildRows>[0]> = {}) =>
  buildRows({ messages, pending: [], unreadAfter: undefined, me: "me", ...more });
const shape = (rows: Row[]) => rows.map((row) => ("first" in row ? `${row.kind}${row.first ? "[" : ""}${row.last ? "]" : ""}` : row.kind));

describe("days", () => {
  test("each day begins with a separator", () => {
    const rows = rowsOf([message(1, "a"), message(2, "a", { sentAt: noon + 24 * 60 * minuteMs })]);
    expect(shape(rows)).toEqual(["day", "message[]", "day", "message[]"]);
  });

  test("midnight of the reader separates, not the distance in hours", () => {
    const beforeMidnight = new Date(2026, 2, 2, 23, 59).getTime();
    const rows = rowsOf([message(1, "a", { sentAt: beforeMidnight }), message(2, "a", { sentAt: beforeMidnight + 2 * minuteMs })]);
    expect(shape(rows)).toEqual(["day", "message[]", "day", "message[]"]);
  });

  test("separators of different days have different keys", () => {
    const rows = rowsOf([message(1, "a"), message(2, "a", { sentAt: noon + 24 * 60 * minuteMs })]);
    expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
  });
});

describe("groups", () => {
  test("messages of one author in one go belong together", () => {
    expect(shape(rowsOf([message(1, "a"), message(2, "a"), message(3, "a"), message(4, "b")]))).toEqual([
      "day", "message[", "message", "message]", "message[]",
    ]);
  });

  test("a long pause ends a group", () => {
    expect(shape(rowsOf([message(1, "a"), message(2, "a", { sentAt: noon + 10 * minuteMs })]))).toEqual(["day", "message[]", "message[]"]);
  });

  test("a notice ends a group", () => {
    const notice = message(2, "a", { content: { notice: { kind: "members_added", users: ["b"] } } });
    expect(shape(rowsOf([message(1, "a"), notice, message(3, "a")]))).toEqual(["day", "message[]", "notice", "message[]"]);
  });

  test("a message on its way continues the own group", () => {
    const send = pending("k", { type: "send", body: { type: "text", text: "x" } });
    const own = message(1, "me", { sentAt: send.createdAt - minuteMs });
    expect(shape(rowsOf([own], { pending: [send] }))).toEqual(["day", "message[", "pending]"]);
  });
});

describe("unread", () => {
  test("the marker stands before the first unread message of somebody else", () => {
    const rows = rowsOf([message(1, "a"), message(2, "me"), message(3, "a"), message(4, "a")], { unreadAfter: 1 });
    expect(shape(rows)).toEqual(["day", "message[]", "message[]", "unread", "message[", "message]"]);
  });

  test("there is no marker when only own messages came after", () => {
    expect(shape(rowsOf([message(1, "a"), message(2, "me")], { unreadAfter: 1 }))).not.toContain("unread");
  });
});

describe("keys", () => {
  test("a message keeps the key it had on its way", () => {
    const send = pending("k7", { type: "send", body: { type: "text", text: "x" } });
    const before = rowsOf([], { pending: [send] }).at(-1);
    const after = rowsOf([message(1, "me", { key: "k7" })]).at(-1);
    expect(after?.key).toBe(before?.key);
  });

  test("edits and reactions on their way are no rows", () => {
    expect(rowsOf([], { pending: [pending("k", { type: "react", target: 1, emoji: "👍", on: true })] })).toEqual([]);
  });
});

/** What a screen reader is told: new messages of others, never history, and no flood. */
import type { Message } from "parlour-client";
import { expect, test } from "vitest";
import { Announcer } from "../src/conversation/announcing.js";

const message = (seq: number, author = "a"): Message => ({
  chat: "1", seq, id: `${seq}`, author, sentAt: 0, content: { body: { type: "text", text: `${seq}` } }, reactions: [],
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

test("what was there before is not announced", () => {
  const announcer = new Announcer(50, "me");
  expect(announcer.take(range(1, 50))).toBeUndefined();
});

test("a new message is read out, once", () => {
  const announcer = new Announcer(50, "me");
  expect(announcer.take(range(1, 51))?.messages.map(({ seq }) => seq)).toEqual([51]);
  expect(announcer.take(range(1, 51))).toBeUndefined();
});

test("own messages are not read out", () => {
  const announcer = new Announcer(0, "me");
  expect(announcer.take([message(1, "me")])).toBeUndefined();
  expect(announcer.take([message(1, "me"), message(2)])?.count).toBe(1);
});

test("of many only the number is said", () => {
  const announcer = new Announcer(0, "me");
  expect(announcer.take(range(1, 80))).toEqual({ messages: [], count: 80 });
});

test("older pages that load are silent", () => {
  const announcer = new Announcer(100, "me");
  announcer.take(range(90, 101));
  expect(announcer.take(range(1, 101))).toBeUndefined();
});

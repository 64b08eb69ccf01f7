/** What messages, notices and ticks say. */
import type { Message, Pending } from "parlour-client";
import { expect, test } from "vitest";
import { changeStateText, sendStateText } from "../src/conversation/pending-state.js";
import { excerpt, messageText, noticeText, ticksText } from "../src/conversation/texts.js";
import { createLocale } from "../src/i18n/locale.js";
import { problemOf, problemText } from "../src/i18n/problems.js";

const locale = createLocale("en");
const nameOf = (user: string) => ({ "1": "Ann", "2": "Bob", "3": "Cleo" })[user] ?? "Someone";

test("who was removed by himself has left", () => {
  expect(noticeText({ kind: "member_removed", user: "1" }, "1", locale, nameOf)).toBe("Ann left.");
  expect(noticeText({ kind: "member_removed", user: "2" }, "1", locale, nameOf)).toBe("Ann removed Bob.");
});

test("names are listed as the language lists them", () => {
  expect(noticeText({ kind: "members_added", users: ["1", "2", "3"] }, "1", locale, nameOf)).toBe("Ann added Ann, Bob, and Cleo.");
});

test("a role says what happened to it", () => {
  expect(noticeText({ kind: "role_changed", user: "2", role: "owner" }, "1", locale, nameOf)).toBe("Ann handed the group over to Bob.");
});

test("a body this page does not know is said to be one", () => {
  const message: Message = { chat: "1", seq: 1, id: "1", author: "1", sentAt: 0, content: { body: { type: "opaque", original: {} } }, reactions: [] };
  expect(messageText(message, locale, nameOf)).toBe("This page cannot show this kind of message.");
});

test("ticks have words", () => {
  expect(["sent", "delivered", "read"].map((state) => ticksText(state as "sent", locale))).toEqual(["Sent", "Delivered", "Read"]);
});

test("an excerpt is one line and cuts no character in two", () => {
  expect(excerpt("a\n  b\tc")).toBe("a b c");
  expect(excerpt("👍".repeat(200), 10)).toBe(`${"👍".repeat(9)}…`);
});

test("a problem of the contract has a sentence, any other shows what the server wrote", () => {
  expect(problemText(locale.translate, { code: "forbidden", message: "no", retry: "never" })).toBe("You are not allowed to do that.");
  expect(problemText(locale.translate, { code: "teapot", message: "short and stout", retry: "never" })).toBe("It did not work: short and stout");
  expect(problemOf(Object.assign(new Error("x"), { problem: { code: "busy", message: "", retry: "later" } })).code).toBe("busy");
  expect(problemOf("x").message).toBe("x");
});

test.each(["store_unavailable", "draining", "outcome_unknown", "token_expired", "key_time", "key_reused"])("%s is said in the reader's language", (code) => {
  const problem = { code, message: "what the server wrote", retry: "never" } as const;
  for (const language of ["en", "ar"] as const) expect(problemText(createLocale(language).translate, problem)).not.toContain("what the server wrote");
});

test("a send without a problem of its own is not said to have one", () => {
  const send: Pending = { key: "k", chat: "1", operation: { type: "send", body: { type: "text", text: "x" } }, createdAt: 0, state: "stalled" };
  expect(sendStateText(send, locale)).toBe("It may have been sent, but the server does not say.");
  expect(changeStateText({ ...send, operation: { type: "delete", target: 1 } }, locale)).toBe("The change may have been saved, but the server does not say.");
  expect(sendStateText({ ...send, error: { code: "forbidden", message: "", retry: "never" } }, locale)).toContain("You are not allowed");
});

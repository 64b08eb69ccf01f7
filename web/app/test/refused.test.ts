/** A text that could not be sent comes back as what it was, beside what was written since. */
import type { Message } from "parlour-client";
import { expect, test } from "vitest";
import type { Intent } from "../src/conversation/composer-context.js";
import { restore } from "../src/conversation/refused.js";

const message = (seq: number): Message => ({ chat: "1", seq, id: `${seq}`, author: "1", sentAt: 0, content: { body: { type: "text", text: "old" } }, reactions: [] });
const write: Intent = { kind: "write" };
const reply: Intent = { kind: "reply", message: message(1) };
const edit: Intent = { kind: "edit", message: message(2) };
const empty = { text: "", intent: write };

test("an answer is an answer again", () => {
  expect(restore({ text: "yes", intent: reply }, empty, "")).toEqual({ field: { text: "yes", intent: reply } });
});

test("what was typed since stays, after what was refused", () => {
  expect(restore({ text: "one", intent: write }, { text: "two", intent: reply }, "")).toEqual({ field: { text: "one\ntwo", intent: reply } });
});

test("a change is a change again, whatever the field holds", () => {
  expect(restore({ text: "new", intent: edit }, { text: "draft", intent: write }, "draft")).toEqual({ field: { text: "new", intent: edit } });
});

test("a change begun since keeps the field, and the refused text joins the draft", () => {
  expect(restore({ text: "one", intent: write }, { text: "old", intent: edit }, "two")).toEqual({ draft: "one\ntwo" });
});

test("who left the chat finds the text as its draft", () => {
  expect(restore({ text: "one", intent: reply }, undefined, "")).toEqual({ draft: "one" });
});

/** Whose draft it is: the one of who writes here, else the one that the tabs share. */
import { expect, test } from "vitest";
import { keepsOwnText } from "../src/conversation/writing.js";

const area = {} as Element;
const page = (activeElement: Element | null, hasFocus: boolean) => ({ activeElement, hasFocus: () => hasFocus });
const saved = { area, isEditing: false, isDirty: false };

test("a tab in the background takes over what another tab wrote, though its field is the active element", () => {
  expect(keepsOwnText({ ...saved, page: page(area, false), news: "draft" })).toBe(false);
});

test("who writes here keeps the text", () => {
  expect(keepsOwnText({ ...saved, page: page(area, true), news: "draft" })).toBe(true);
  expect(keepsOwnText({ ...saved, page: page(null, true), news: "draft" })).toBe(false);
});

test("who comes back finds the draft that the tabs share", () => {
  expect(keepsOwnText({ ...saved, page: page(area, true), news: "return" })).toBe(false);
});

test.each(["draft", "return"] as const)("text that is not saved, and a message being edited, stay (%s)", (news) => {
  expect(keepsOwnText({ ...saved, page: page(area, false), isDirty: true, news })).toBe(true);
  expect(keepsOwnText({ ...saved, page: page(null, false), isEditing: true, news })).toBe(true);
});

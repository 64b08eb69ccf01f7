/** Which keys the shortcuts leave to the field that one types in. */
import { expect, test } from "vitest";
import { belongsToField, isComposing } from "../src/shell/field-keys.js";

test.each(["KeyE", "KeyN", "KeyC", "KeyM", "Comma"])("Option and %s write a letter on a Mac, and only there", (code) => {
  expect(belongsToField({ code }, "text", true)).toBe(true);
  expect(belongsToField({ code }, "text", false)).toBe(false);
  expect(belongsToField({ code }, "none", true)).toBe(false);
});

test("the next chat is one key away while writing, on a Mac too", () => {
  expect(belongsToField({ code: "ArrowDown" }, "text", true)).toBe(false);
});

test("a list of choices opens with Alt and an arrow", () => {
  expect(belongsToField({ code: "ArrowDown" }, "choice", false)).toBe(true);
  expect(belongsToField({ code: "ArrowUp" }, "choice", true)).toBe(true);
  expect(belongsToField({ code: "KeyN" }, "choice", true)).toBe(false);
});

test("the key that ends a composition is part of it, in Safari too", () => {
  expect(isComposing({ isComposing: true, keyCode: 13 })).toBe(true);
  expect(isComposing({ isComposing: false, keyCode: 229 })).toBe(true);
  expect(isComposing({ isComposing: false, keyCode: 13 })).toBe(false);
});

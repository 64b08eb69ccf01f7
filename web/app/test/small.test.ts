/** Initials, search without accents, names of devices, days between times. */
import { expect, test } from "vitest";
import { foldForSearch } from "../src/chats/fold.js";
import { deviceName } from "../src/device.js";
import { daysBetween } from "../src/i18n/dates.js";
import { textBytes } from "../src/text-bytes.js";
import { hueOf, initials } from "../src/ui/avatar.js";

test.each([["Mara Lindqvist", "ML"], ["tom", "T"], ["ليلى حداد", "لح"], ["  ", "?"], ["🎉 Party", "P"], ["Ann (work)", "AW"]])("%j is %s", (name, letters) => {
  expect(initials(name)).toBe(letters);
});

test("a person keeps a colour", () => {
  expect(hueOf("730123456789012345")).toBe(hueOf("730123456789012345"));
  expect(hueOf("1")).toBeLessThan(8);
});

test("search ignores case and accents", () => {
  expect(foldForSearch(" INÉS Novák ")).toBe("ines novak");
});

test("a browser has a name people know", () => {
  expect(deviceName("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")).toBe("Firefox, Linux");
  expect(deviceName("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36")).toBe("Chrome, Android");
  expect(deviceName("curl/8")).toBe("Browser");
});

test("days are counted by midnights, over the change of clocks too", () => {
  const at = (month: number, day: number, hour: number) => new Date(2026, month, day, hour).getTime();
  expect(daysBetween(at(2, 1, 23), at(2, 2, 0))).toBe(1);
  expect(daysBetween(at(2, 1, 0), at(2, 1, 23))).toBe(0);
  expect(daysBetween(at(2, 28, 12), at(2, 30, 12))).toBe(2);
  expect(daysBetween(at(9, 24, 12), at(9, 26, 12))).toBe(2);
});

test("a text is as long as its bytes, not its letters", () => {
  expect(["ab", "é", "لا", "👍"].map(textBytes)).toEqual([2, 2, 4, 4]);
});

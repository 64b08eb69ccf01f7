/** The languages say the same things, with all their plural forms and placeholders. */
import { describe, expect, test } from "vitest";
import { arabic } from "../src/i18n/ar.js";
import { english } from "../src/i18n/en.js";
import { createLocale, preferredLanguage, regionalTag } from "../src/i18n/locale.js";
import type { PluralForms, Sentences } from "../src/i18n/sentences.js";

const languages: Record<string, Sentences> = { en: english, ar: arabic };
const forms = (entry: string | PluralForms): string[] => (typeof entry === "string" ? [entry] : Object.values(entry));
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");

describe.each(Object.entries(languages))("%s", (language, sentences) => {
  test("has every sentence, and none too many", () => {
    expect(Object.keys(sentences).sort()).toEqual(Object.keys(english).sort());
  });

  test.each(Object.keys(english) as (keyof typeof english)[])("%s uses no placeholder that English has not", (key) => {
    const known = new Set([...forms(english[key]).flatMap(placeholders), ...(typeof english[key] === "string" ? [] : ["count"])]);
    for (const form of forms(sentences[key])) expect([...known]).toEqual(expect.arrayContaining(placeholders(form)));
  });

  test.each(Object.keys(english) as (keyof typeof english)[])("%s leaves nothing out", (key) => {
    const needed = new Set(forms(english[key]).flatMap(placeholders).filter((name) => name !== "count"));
    const entry = sentences[key];
    const general = typeof entry === "string" ? entry : entry.other;
    for (const name of needed) expect(placeholders(general)).toContain(name);
  });

  test("has every plural form of the language", () => {
    const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const entry of Object.values(sentences)) {
      if (typeof entry !== "string") expect(Object.keys(entry)).toEqual(expect.arrayContaining(wanted));
    }
  });
});

describe("filling in", () => {
  test("chooses the form by the number", () => {
    const { translate } = createLocale("en");
    expect(translate("chat.members", { count: 1 })).toBe("1 member");
    expect(translate("chat.members", { count: 2000 })).toBe("2,000 members");
  });

  test("isolates a name of the other direction", () => {
    expect(createLocale("en").translate("notice.memberLeft", { author: "ليلى" })).toBe("\u2068ليلى\u2069 left.");
    expect(createLocale("en").translate("notice.memberLeft", { author: "Tom" })).toBe("Tom left.");
  });

  test("does not fill what was filled in again", () => {
    expect(createLocale("en").translate("chats.by", { name: "{text}", text: "hello" })).toBe("{text}: hello");
  });
});

test("the browser's languages choose, English is the last resort", () => {
  expect(preferredLanguage(["fr", "ar-EG", "en"])).toBe("ar");
  expect(preferredLanguage(["toString", "fr"])).toBe("en");
});

describe("the region of the browser", () => {
  test("is that of its own tag for the language, else of its first one", () => {
    expect(regionalTag("en", ["fr-CA", "en-GB", "en-US"])).toBe("en-GB");
    expect(regionalTag("en", ["de"])).toBe("en-DE");
    expect(regionalTag("ar", ["en-GB"])).toBe("ar-GB");
    expect(regionalTag("en", ["not a tag"])).toBe("en");
    expect(regionalTag("en", [])).toBe("en");
  });

  test("decides over times, dates and lists, not over sentences", () => {
    const at = new Date(2026, 2, 9, 14, 5).getTime();
    const [british, american] = [createLocale("en", "en-GB"), createLocale("en", "en-US")];
    expect([british.dates.time(at), american.dates.time(at).replace(/\s/, " ")]).toEqual(["14:05", "2:05 PM"]);
    const clocks = [createLocale("ar", "ar-GB"), createLocale("ar", "ar-US")].map(({ dates }) => dates.time(at).replace(/\s/, " "));
    expect(clocks).toEqual(["14:05", "2:05 م"]);
    expect([british.dates.day(at, at), american.dates.day(at, at)]).toEqual(["Monday 9 March", "Monday, March 9"]);
    expect([british.list(["a", "b", "c"]), american.list(["a", "b", "c"])]).toEqual(["a, b and c", "a, b, and c"]);
    expect(british.translate("action.back")).toBe(american.translate("action.back"));
  });
});

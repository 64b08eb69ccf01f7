/**
 * A language as the components use it: sentences, direction, and dates, numbers and lists through `Intl`.
 *
 * - A value of the other direction is isolated, so that a Latin name in an Arabic sentence cannot turn it around.
 */
import { arabic } from "./ar.js";
import { createDates, type Dates } from "./dates.js";
import { english } from "./en.js";
import type { SentenceKey, Sentences, Values } from "./sentences.js";

export type Language = "en" | "ar";
export type Translate = <K extends SentenceKey>(key: K, ...values: Values<K>) => string;

export interface Locale {
  readonly language: Language;
  readonly direction: "ltr" | "rtl";
  readonly translate: Translate;
  readonly dates: Dates;
  /** “1,024”. */
  number(value: number): string;
  /** “Ann, Bob and Cleo”. */
  list(items: readonly string[]): string;
}

/** The languages, each by its own name. */
export const languageNames: Readonly<Record<Language, string>> = { en: "English", ar: "العربية" };

const sentencesOf: Readonly<Record<Language, Sentences>> = { en: english, ar: arabic };
const rightToLeft: ReadonlySet<Language> = new Set(["ar"]);

/** The language of the browser if there is a translation, else English. */
export function preferredLanguage(wanted: readonly string[]): Language {
  const known = wanted.map((tag) => tag.split("-")[0]).find((tag): tag is Language => tag !== undefined && Object.hasOwn(sentencesOf, tag));
  return known ?? "en";
}

/**
 * The language as it is written where the browser's owner lives: `en-GB` gets British dates, and so does English that stands in for a
 * language without a translation get those of its region.
 */
export function regionalTag(language: Language, wanted: readonly string[]): string {
  const own = wanted.find((tag) => tag.split("-")[0] === language && isTag(tag));
  if (own !== undefined) return own;
  const region = wanted.filter(isTag).map((tag) => new Intl.Locale(tag).maximize().region)[0];
  return region === undefined ? language : `${language}-${region}`;
}

function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

/** `tag` names the language with a region, for dates, numbers and lists. */
export function createLocale(language: Language, tag: string = language): Locale {
  const direction = rightToLeft.has(language) ? "rtl" : "ltr";
  const numbers = new Intl.NumberFormat(tag);
  const lists = new Intl.ListFormat(tag, { type: "conjunction" });
  return {
    language,
    direction,
    translate: createTranslate(language, direction, numbers),
    dates: createDates(tag),
    number: (value) => numbers.format(value),
    list: (items) => lists.format(items),
  };
}

function createTranslate(language: Language, direction: "ltr" | "rtl", numbers: Intl.NumberFormat): Translate {
  const sentences = sentencesOf[language];
  const plurals = new Intl.PluralRules(language);
  const written = (value: string | number) => (typeof value === "number" ? numbers.format(value) : isolated(value, direction));
  return (key, ...[values]) => {
    const entry = sentences[key];
    const filled: Readonly<Record<string, string | number>> = values ?? {};
    const text = typeof entry === "string" ? entry : (entry[plurals.select(Number(filled.count))] ?? entry.other);
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = filled[name];
      return value === undefined ? whole : written(value);
    });
  };
}

const strongRightToLeft = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/;
const strongLeftToRight = /[A-Za-z\u00C0-\u02AF\u0370-\u052F]/;

function isolated(value: string, direction: "ltr" | "rtl"): string {
  const foreign = direction === "rtl" ? strongLeftToRight : strongRightToLeft;
  return foreign.test(value) ? `\u2068${value}\u2069` : value;
}

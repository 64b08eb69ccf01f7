/**
 * The types that hold the languages to the same sentences: a key or a placeholder that is missing does not compile.
 */
import type { english } from "./en.js";

/** A text with one form for each plural category that the language has; `other` always. */
export type PluralForms = { readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;

export type SentenceKey = keyof typeof english;

/** What any language has to offer: a plain text where English has one, plural forms where English has them. */
export type Sentences = {
  readonly [K in SentenceKey]: (typeof english)[K] extends string ? string : PluralForms;
};

/** The keys of the texts that have plural forms. */
export type CountedKey = { [K in SentenceKey]: (typeof english)[K] extends string ? never : K }[SentenceKey];

type Placeholders<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;
type FormsOf<Entry> = Entry extends string ? Entry : Entry[keyof Entry];
type PlaceholdersOf<K extends SentenceKey> =
  | Placeholders<FormsOf<(typeof english)[K]>>
  | ((typeof english)[K] extends string ? never : "count");

/** The values a sentence needs, if it needs any. */
export type Values<K extends SentenceKey> = [PlaceholdersOf<K>] extends [never]
  ? []
  : [values: { readonly [Name in PlaceholdersOf<K>]: Name extends "count" ? number : string }];

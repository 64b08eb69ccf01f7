/**
 * What one chose for this browser: theme and language. Kept in `localStorage`; a browser that refuses it forgets them.
 */
import type { Readable } from "parlour-client";
import { createLocale, type Language, languageNames, type Locale, preferredLanguage, regionalTag } from "./i18n/locale.js";
import { type Cell, createCell } from "./readable.js";

export type Theme = "system" | "light" | "dark";
export const themes: readonly Theme[] = ["system", "light", "dark"];

export interface Preferences {
  readonly theme: Readable<Theme>;
  readonly locale: Readable<Locale>;
  setTheme(theme: Theme): void;
  setLanguage(language: Language): void;
}

/** Reads what was chosen before and keeps the document's theme, language and direction in step with it. */
export function createPreferences(page: Document): Preferences {
  const theme = createCell<Theme>(themes.find((name) => name === recall("theme")) ?? "system");
  const localeOf = (language: Language) => createLocale(language, regionalTag(language, navigator.languages));
  const locale = createCell(localeOf(rememberedLanguage() ?? preferredLanguage(navigator.languages)));
  applyTheme(page, theme.value);
  applyLocale(page, locale.value);
  return {
    theme,
    locale,
    setTheme(next) {
      remember("theme", next, theme);
      applyTheme(page, next);
    },
    setLanguage(next) {
      remember("language", next);
      locale.set(localeOf(next));
      applyLocale(page, locale.value);
    },
  };
}

function applyTheme(page: Document, theme: Theme): void {
  if (theme === "system") delete page.documentElement.dataset.theme;
  else page.documentElement.dataset.theme = theme;
}

function applyLocale(page: Document, locale: Locale): void {
  page.documentElement.lang = locale.language;
  page.documentElement.dir = locale.direction;
}

function rememberedLanguage(): Language | undefined {
  const name = recall("language");
  return name !== undefined && Object.hasOwn(languageNames, name) ? (name as Language) : undefined;
}

function recall(name: string): string | undefined {
  try {
    return localStorage.getItem(`parlour.${name}`) ?? undefined;
  } catch {
    // Storage may be forbidden; then the choice lasts as long as the page.
    return undefined;
  }
}

function remember<T extends string>(name: string, value: T, cell?: Cell<T>): void {
  cell?.set(value);
  try {
    localStorage.setItem(`parlour.${name}`, value);
  } catch {
    // As above.
  }
}

/**
 * What is loaded with the emoji picker, and only then: the element, its words and its data.
 */
import dataSource from "emoji-picker-element-data/en/cldr/data.json?url";
import Picker from "emoji-picker-element/picker.js";
import type { Language } from "../i18n/locale.js";
import type { Theme } from "../preferences.js";

/** Words of the picker itself; the names of the emoji are English, the only ones there are data for. */
const words = {
  en: () => import("emoji-picker-element/i18n/en.js"),
  ar: () => import("emoji-picker-element/i18n/ar.js"),
};

export async function createPicker(language: Language, theme: Theme, onPick: (emoji: string) => void): Promise<HTMLElement> {
  const { default: i18n } = await words[language]();
  const picker = new Picker({ dataSource, i18n, locale: "en" });
  if (theme !== "system") picker.classList.add(theme);
  picker.addEventListener("emoji-click", (event) => event.detail.unicode && onPick(event.detail.unicode));
  return picker;
}

/**
 * Theme and language.
 */
import { useId } from "preact/hooks";
import { useLocale } from "../context.js";
import { type Language, languageNames } from "../i18n/locale.js";
import { type Preferences, type Theme, themes } from "../preferences.js";
import { useReadable } from "../readable.js";

const themeSentences = { system: "settings.themeSystem", light: "settings.themeLight", dark: "settings.themeDark" } as const;

export function ThemeChoice({ preferences }: { preferences: Preferences }) {
  const { translate } = useLocale();
  const chosen = useReadable(preferences.theme);
  const options = themes.map((theme) => ({ value: theme, text: translate(themeSentences[theme]) }));
  return <Choice label={translate("settings.theme")} value={chosen} options={options} onChange={(theme) => preferences.setTheme(theme as Theme)} />;
}

export function LanguageChoice({ preferences }: { preferences: Preferences }) {
  const locale = useLocale();
  const options = Object.entries(languageNames).map(([value, text]) => ({ value, text }));
  return (
    <Choice label={locale.translate("settings.language")} value={locale.language} options={options}
      onChange={(language) => preferences.setLanguage(language as Language)} />
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: readonly { value: string; text: string }[];
  onChange: (value: string) => void;
}

/** A labelled list to choose one from. */
export function Choice({ label, value, options, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div class="field choice">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map((option) => <option key={option.value} value={option.value}>{option.text}</option>)}
      </select>
    </div>
  );
}

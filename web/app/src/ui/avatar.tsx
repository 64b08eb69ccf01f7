/**
 * A coloured disc with the first letters of a name. No pictures: they would be fetched from elsewhere.
 */
import type { Id } from "parlour-client";
import { useClient, useLocale } from "../context.js";
import { useReadable } from "../readable.js";

const hues = 8;

export function Avatar({ id, name, small }: { id: Id; name: string; small?: boolean }) {
  return (
    <span class={`avatar hue-${hueOf(id)}${small ? " small" : ""}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** The same colour for the same person, everywhere. */
export function hueOf(id: Id): number {
  let sum = 0;
  for (const digit of id) sum = (sum * 31 + digit.charCodeAt(0)) % 9973;
  return sum % hues;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter((word) => /\p{L}|\p{N}/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => firstCharacter(word));
  return letters.join("").toLocaleUpperCase() || "?";
}

const firstCharacter = (word: string | undefined) => [...(word ?? "")].find((character) => /\p{L}|\p{N}/u.test(character)) ?? "";

/** Whether somebody is there: a dot whose label says it. Watches while it is on the screen. */
export function PresenceDot({ user }: { user: Id }) {
  const presence = useReadable(useClient().presence(user));
  const { translate } = useLocale();
  if (presence.status === "unknown") return null;
  return <span class={`presence ${presence.status}`} role="img" aria-label={translate(`status.${presence.status}`)} />;
}

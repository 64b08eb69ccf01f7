/**
 * Invented people and sentences for looking at the page without a server. Seeded: the same each time.
 */
import type { Body, User } from "parlour-client";

/** A small generator of numbers in [0, 1), good enough to choose sentences with (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const names = [
  "Mara Lindqvist", "Tom Okafor", "ليلى حداد", "Jun Watanabe", "Inés Calvo", "Pavel Novák",
  "Aoife Byrne", "Samir Rao", "Greta Holm", "דנה לוי", "Luca Ferri", "Noor Aziz",
];

export const people: readonly User[] = names.map((displayName, index) => ({
  id: String(1000 + index),
  username: `user${index}`,
  displayName,
  createdAt: 0,
  updatedAt: 0,
}));

const sentences = [
  "Morning! Who is in today?",
  "I moved the release notes into the shared folder, have a look when you have a minute.",
  "👍",
  "Can we talk about the migration at two? I would like to hear what broke last time before we try again, and who keeps an eye on the disks.",
  "Done.",
  "Look at https://example.org/board?week=12 (the second column).",
  "مرحبا، متى يبدأ الاجتماع؟ أرسلت لكم الملاحظات عبر https://example.org/notes قبل قليل.",
  "That is three lines:\n- soup\n- bread\n- a very long afternoon",
  "Ha! I had the same thought on the way in.",
  "Not before lunch, please.",
  "The tests pass on my side, but the one about clocks took longer than it should. I will look into it.",
  "Thanks, that helps a lot ❤️",
  "היי, אני מאחרת בעשר דקות",
  "Could somebody read this before I send it to the customers?",
];

export function inventBody(random: () => number): Body {
  return { type: "text", text: sentences[Math.floor(random() * sentences.length)] ?? "…" };
}

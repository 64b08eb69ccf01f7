/**
 * Finds the addresses in a text. Only `http` and `https` become links; everything else stays the text it is.
 */

export type Piece = { text: string; href?: string };

const address = /\bhttps?:\/\/[^\s<>"“”«»\u2066-\u2069]+/gi;
/** What ends a sentence rather than an address. */
const trailing = /[.,:;!?'’…،؛؟]+$/;

/** The text in pieces that give the text when joined. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    const found = trimmed(match[0]);
    if (!isWeb(found)) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: found, href: found });
    end = match.index + found.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Without punctuation at the end, and without a closing bracket that was not opened inside. */
function trimmed(found: string): string {
  let text = found.replace(trailing, "");
  while (/[)\]}]$/.test(text) && !isBalanced(text)) text = text.slice(0, -1).replace(trailing, "");
  return text;
}

function isBalanced(text: string): boolean {
  const count = (characters: RegExp) => text.match(characters)?.length ?? 0;
  return count(/[)\]}]/g) <= count(/[([{]/g);
}

function isWeb(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (protocol === "http:" || protocol === "https:") && hostname !== "";
}

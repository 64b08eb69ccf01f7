/**
 * Where a text goes that the device refused to take: nothing is lost, neither it nor what was written since.
 *
 * - A refused change never becomes a message of its own as long as it can be shown as a change.
 */
import type { Intent } from "./composer-context.js";

export interface Written {
  text: string;
  intent: Intent;
}

/** What is to be done: show something in the field, or only keep a draft. */
export type Restored = { field: Written } | { draft: string };

/** `now` is what the field holds since; without one the chat has been left. `draft` is the one of the chat. */
export function restore(refused: Written, now: Written | undefined, draft: string): Restored {
  // A change that was begun since keeps the field; what it hides is the draft.
  if (!now || now.intent.kind === "edit") return { draft: joined(refused.text, draft) };
  if (refused.intent.kind === "edit") return { field: refused };
  const intent = now.intent.kind === "write" ? refused.intent : now.intent;
  return { field: { text: joined(refused.text, now.text), intent } };
}

/** What was refused was written first. */
const joined = (first: string, second: string) => (second === "" ? first : `${first}\n${second}`);

/**
 * What went wrong, said to people: the codes of the contract as sentences, anything unknown with what the server wrote.
 */
import type { ParlourError, Problem } from "parlour-client";
import type { Translate } from "./locale.js";

/** Codes that have a sentence of their own, called `error.<code>`. */
const spoken = [
  "unreachable", "rate_limited", "busy", "store_unavailable", "draining", "outcome_unknown", "forbidden", "blocked", "token_invalid",
  "token_expired", "username_taken", "too_large", "key_time", "key_reused", "limit_reached", "chat_not_found", "user_not_found",
  "message_not_found", "cancelled", "closed",
] as const;

export function problemText(translate: Translate, problem: Problem): string {
  const known = spoken.find((code) => code === problem.code);
  if (known) return translate(`error.${known}`);
  if (problem.code === "invalid") return translate("error.invalid", { message: problem.message });
  return translate("error.other", { message: problem.message });
}

/** The problem inside whatever a promise was rejected with. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Error && "problem" in error) return (error as ParlourError).problem;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "unexpected", message, retry: "never" };
}

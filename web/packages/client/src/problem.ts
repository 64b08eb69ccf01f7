/** What can go wrong, in the one form that applications see. */

import type { ParlourError, Problem } from "./api.js";
import type { WireError } from "./wire.js";

class ProblemError extends Error implements ParlourError {
  override readonly name = "ParlourError";
  constructor(readonly problem: Problem) {
    super(`${problem.message} (${problem.code})`);
  }
}

/** What a promise is rejected with. */
export function failure(problem: Problem): ParlourError {
  return new ProblemError(problem);
}

/** Whether a caught value is an error of this library, with a `problem`. */
export function isParlourError(error: unknown): error is ParlourError {
  return error instanceof ProblemError;
}

/** What the server said. */
export function problemOf(error: WireError): Problem {
  return {
    code: error.code,
    message: error.message,
    retry: error.retry,
    ...(error.retry_after_ms !== undefined && { retryAfterMs: error.retry_after_ms }),
    ...(error.outcome !== undefined && { outcome: error.outcome }),
    ...(error.field !== undefined && { field: error.field }),
  };
}

/** Nobody knows whether the server got it. */
export function unreachable(message: string): Problem {
  return { code: "unreachable", message, retry: "later", outcome: "unknown" };
}

export const NOT_CONNECTED: Problem = { code: "unreachable", message: "there is no connection", retry: "later", outcome: "not_stored" };
export const NOT_SIGNED_IN: Problem = { code: "closed", message: "nobody is signed in", retry: "never", outcome: "not_stored" };
export const CLOSED: Problem = { code: "closed", message: "the client was closed before this was done", retry: "never", outcome: "unknown" };
export const CANCELLED: Problem = { code: "cancelled", message: "given up", retry: "never", outcome: "not_stored" };
/** The server can no longer tell what became of it; if it is in the log after all, its event shows that. */
export const GIVEN_UP: Problem = {
  code: "cancelled", message: "given up; whether it is in the log is not known", retry: "never", outcome: "unknown",
};

/** REST calls that wait for a fresh access token. */

import { failure, NOT_SIGNED_IN, unreachable } from "./problem.js";

/** How long a fresh access token may take, in milliseconds. */
const TOKEN_WITHIN = 10_000;

interface Waiter { take(token: string): void; refuse(error: Error): void }

/** Those who wait. */
export class TokenWaiters {
  private readonly waiters = new Set<Waiter>();

  /** `expired` sees to it that there will be a fresh one. */
  constructor(private readonly expired: (token: string) => void) {}

  /** A token in place of `expired`; `current` is the one in use. */
  renewed(current: string | undefined, expired: string): Promise<string> {
    if (current !== undefined && current !== expired) return Promise.resolve(current);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        take: (token) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(token);
        },
        refuse: (error) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          reject(error);
        },
      };
      const timer = setTimeout(() => waiter.refuse(failure(unreachable("there is no fresh access token"))), TOKEN_WITHIN);
      this.waiters.add(waiter);
      this.expired(expired);
    });
  }

  /** There is another token now; `undefined`: and there will be none. */
  changed(token: string | undefined): void {
    for (const waiter of [...this.waiters]) {
      if (token === undefined) waiter.refuse(failure(NOT_SIGNED_IN));
      else waiter.take(token);
    }
  }

  /** Nobody waits any more. */
  end(): void {
    this.changed(undefined);
  }
}

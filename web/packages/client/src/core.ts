/** What the parts of a client share: the way to the server, to the store, and to what is known. */

import type { Connection, Id, Problem, Seq, User } from "./api.js";
import type { OpenChat } from "./chat.js";
import type { Driver } from "./driver.js";
import type { Command, Reply } from "./machine/state.js";
import type { Chats } from "./model/chats.js";
import { pauseAfter } from "./model/pauses.js";
import type { People } from "./model/people.js";
import type { Screen } from "./model/screen.js";
import type { Sends } from "./model/sends.js";
import { failure, isParlourError, NOT_CONNECTED } from "./problem.js";
import type { Announcer, Cell } from "./readable.js";
import type { Rest } from "./rest.js";
import type { LocalStore, Stretch } from "./store.js";
import type { HistoryFrame, WireMessage, WirePage } from "./wire.js";

/** The parts of one client. */
export interface Core {
  readonly announcer: Announcer;
  readonly rest: Rest;
  readonly store: LocalStore;
  readonly chats: Chats;
  readonly sends: Sends;
  readonly people: People;
  readonly screen: Screen;
  readonly connection: Cell<Connection>;
  readonly me: { readonly value: User | undefined };
  /** Another one after another user has signed in. */
  driver: Driver;
  /** The chat's summary and marks may be out of date: fetches them when there is a connection. */
  refreshChat(chat: Id): void;
  /** Nobody looks at the chat any more. */
  rests(chat: OpenChat): void;
  /** Retries or gives up a send of this or of another tab. */
  settle(what: "retry" | "cancel", name: string): Promise<void>;
  setDraft(chat: Id, text: string): void;
  /** Takes over how far own messages got, as a page of history tells it. */
  learnReached(chat: Id, messages: readonly WireMessage[]): void;
}

/** Asks the machine for something, and waits for its answer. */
export function ask<T>(core: Core, command: (reply: Reply<T>) => Command): Promise<T> {
  return new Promise((resolve, reject) => {
    const reply: Reply<T> = { done: resolve, refused: (problem) => reject(failure(problem)) };
    void core.driver.feed({ type: "command", command: command(reply) });
  });
}

/** Tells the machine something that has no answer. */
export function tell(core: Core, command: Command): void {
  void core.driver.feed({ type: "command", command });
}

/** Whether the server can be asked now. */
export function isOnline(core: Core): boolean {
  const { state } = core.connection.value;
  return state === "ready" || state === "catching_up";
}

/** How often a page is asked for while the server is busy or in trouble. */
const TRIES = 4;
/** The longest first pause between two tries, if the server asks for none, in milliseconds. */
const PAUSE_FIRST = 1_000;

/** A page of history from the server. */
export async function history(core: Core, frame: Omit<HistoryFrame, "type" | "ref">): Promise<WirePage> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask<WirePage>(core, (reply) => ({ type: "history", frame, reply }));
    } catch (error) {
      const wait = isParlourError(error) ? pauseBefore(error.problem, tried) : undefined;
      if (wait === undefined || tried === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** How long to wait before asking again, after so many tries; `undefined`: asking again is of no use now. */
function pauseBefore({ code, retry, retryAfterMs }: Problem, tried: number): number | undefined {
  // Without a connection, the next one is what to wait for.
  if (code === NOT_CONNECTED.code) return undefined;
  if (retryAfterMs !== undefined) return retryAfterMs;
  if (retry === "now" && tried === 1) return 0;
  return retry === "now" || retry === "later" ? pauseAfter(tried - 1, PAUSE_FIRST) : undefined;
}

/** Keeps a page of history, if it joins what is kept already. */
export function keepStretch(core: Core, stretch: Stretch): void {
  void core.driver.keep((batch) => batch.stretches.push(stretch));
}

/** A seq that is above every other. */
export const NO_SEQ: Seq = Number.POSITIVE_INFINITY;

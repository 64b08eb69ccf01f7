/** Every rule of the client as a state machine: inputs and the time in, changes and actions out. */

import type { Id, Pending, Timestamp } from "../api.js";
import type { Saved, SavedSession } from "../store.js";
import { command } from "./commands.js";
import { frame, heard } from "./frames.js";
import { opened, retire } from "./greeting.js";
import { closed, disconnect, networkLost, openFailed } from "./link.js";
import { pumpMarks } from "./marks.js";
import { adopt, pumpOutbox } from "./posting.js";
import { emptyOutput, type Input, type Output, type Reply, type Settings, State } from "./state.js";
import { pumpSync } from "./syncing.js";
import { hurry, nextWake, wake } from "./timers.js";
import { notRefreshed, refreshed, resumed, signedIn, signedOut, tokenExpired } from "./tokens.js";

/** One client, without the world around it. */
export class Machine {
  private readonly state: State;

  /** Goes on from what was saved. It stays offline until `resumed` or `signed_in`. */
  constructor(settings: Settings, saved: Saved) {
    this.state = new State(settings, saved);
  }

  /** The session of this device, if anybody is signed in. */
  get session(): SavedSession | undefined {
    return this.state.session;
  }

  /** The server's time, as far as it is known. */
  serverTime(now: Timestamp): Timestamp {
    return this.state.serverTime(now);
  }

  /** What is not settled in a chat, in order. */
  pendingIn(chat: Id): Pending[] {
    return this.state.outbox.pendingIn(chat);
  }

  /** The chats in which something is not settled. */
  chatsWithSends(): Set<Id> {
    return this.state.outbox.chatsWithSends();
  }

  /** An output to collect in. */
  begin(): Output {
    return emptyOutput(this.state);
  }

  /** Takes one input at time `now`, which never goes backward. */
  handle(now: Timestamp, input: Input, out: Output): void {
    this.take(now, input, out);
    pumpOutbox(this.state, now, out);
    pumpSync(this.state, now, out);
    pumpMarks(this.state, now, out);
    retire(this.state, out);
  }

  /** Nothing is answered any more. Gives those who wait for an answer. */
  end(): Reply<never>[] {
    return this.state.requests.end();
  }

  /** When `wake` must come at the latest. */
  get nextWake(): Timestamp | undefined {
    return nextWake(this.state);
  }

  /** Whether nothing more can be sent or answered now: what closing waits for. */
  get isQuiet(): boolean {
    const { link, requests, outbox, marks } = this.state;
    return !link.live || (!requests.awaits(link.live.connection) && !outbox.isMoving && marks.isEmpty);
  }

  private take(now: Timestamp, input: Input, out: Output): void {
    const { state } = this;
    switch (input.type) {
      case "resumed":
        return resumed(state, now, out);
      case "signed_in":
        return signedIn(state, now, input.session, out);
      case "signed_out":
        return signedOut(state, out);
      case "opened":
        return opened(state, now, input.connection, out);
      case "open_failed":
        return openFailed(state, now, input.connection, out);
      case "frame":
        return frame(state, now, input.connection, input.frame, out);
      case "heard":
        return heard(state, now, input.connection);
      case "closed":
        return closed(state, now, input.connection, input.code, out);
      case "refreshed":
        return refreshed(state, now, input, out);
      case "not_refreshed":
        return notRefreshed(state, now, input, out);
      case "token_expired":
        return tokenExpired(state, input.token, out);
      case "hurry":
        return hurry(state, now, out);
      case "network_lost":
        return networkLost(state, now, out);
      case "adopted":
        return adopt(state, input, out);
      case "command":
        return command(state, now, input.command, out);
      case "ended":
        return disconnect(state, out);
      case "wake":
        return wake(state, now, out);
    }
  }
}

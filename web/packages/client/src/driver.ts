/**
 * Gives the machine its inputs, commits what follows, then does what follows.
 *
 * - A batch is committed before anybody is told and before any of its actions is done; if that fails, the client stops.
 * - One round at a time: what comes during a commit waits for the next round, and makes one batch there.
 */

import type { Timestamp } from "./api.js";
import type { Encoding } from "./codec.js";
import { Machine } from "./machine/machine.js";
import type { Action, Input, Output, RefreshFailure, Settings } from "./machine/state.js";
import { CLOSED } from "./problem.js";
import { Socket, type SocketEvents } from "./socket.js";
import { type Batch, isEmpty, type LocalStore, type Saved, type SavedSession, StoreOutdated } from "./store.js";

/** Inputs taken before the batch is committed. */
const INPUTS_PER_ROUND = 64;
/** How long `close` waits for what is on its way, in milliseconds. */
const FLUSH_WITHIN = 5_000;
/** The longest time a timer can be set to. */
const TIMER_MAX = 2 ** 31 - 1;

/** What a driver needs of the world, and of the rest of the library. */
export interface World {
  store: LocalStore;
  /** Where the WebSocket is. */
  url: string;
  encoding: Encoding;
  webSocket: typeof WebSocket;
  /** Asks for new tokens; they are in the store when it resolves. */
  refresh(session: SavedSession): Promise<{ session: SavedSession } | { failure: RefreshFailure }>;
  /** Before the commit: adds to the batch what follows from the output for the chat list and the like. */
  prepare(output: Output): void;
  /** After the commit. */
  absorb(output: Output): void;
  /** The store failed, or another tab has emptied it. */
  failed(error: unknown): void;
}

interface Addition { add: (batch: Batch) => void; done: () => void }

/** The one that makes the machine run. */
export class Driver {
  readonly machine: Machine;
  private readonly sockets = new Map<number, Socket>();
  // queue: inputs and additions that wait for their round
  private readonly inputs: Input[] = [];
  private additions: Addition[] = [];
  private running: Promise<void> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last: Timestamp = 0;
  private ended = false;
  private quiet: (() => void) | undefined;

  constructor(settings: Settings, saved: Saved, private readonly world: World) {
    this.machine = new Machine(settings, saved);
  }

  /** This device's clock, which never goes backward. */
  now(): Timestamp {
    this.last = Math.max(this.last, Math.round(performance.timeOrigin + performance.now()));
    return this.last;
  }

  /** Takes an input. Resolves once what follows from it is done. */
  feed(input: Input): Promise<void> {
    if (this.ended) refuseAll([input]);
    else this.inputs.push(input);
    return this.wakeUp();
  }

  /** Adds to the next batch. Resolves once it is committed. */
  keep(add: (batch: Batch) => void): Promise<void> {
    return new Promise((done) => {
      if (this.ended) return done();
      this.additions.push({ add, done });
      void this.wakeUp();
    });
  }

  /** Sends what can be sent now, then ends. */
  async close(): Promise<void> {
    await this.feed({ type: "command", command: { type: "flush" } });
    if (!this.machine.isQuiet) {
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, FLUSH_WITHIN);
        this.quiet = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
    await this.feed({ type: "ended" });
    await this.halt();
  }

  /** Ends at once. Resolves once nothing is being committed any more. */
  async halt(): Promise<void> {
    this.end();
    // What it failed with has been told.
    await this.running?.catch(() => {});
  }

  /** Ends at once: nothing more is taken, told or sent. */
  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
    for (const socket of this.sockets.values()) socket.close();
    for (const { done } of this.additions.splice(0)) done();
    refuseAll(this.inputs.splice(0));
    for (const reply of this.machine.end()) reply.refused(CLOSED);
  }

  private wakeUp(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.running ??= this.run();
    return this.running;
  }

  private async run(): Promise<void> {
    // Whatever comes in the same task makes one round.
    await Promise.resolve();
    try {
      while (!this.ended && (this.inputs.length > 0 || this.additions.length > 0)) await this.round();
    } catch (error) {
      this.end();
      this.world.failed(error);
      throw error;
    }
    this.running = undefined;
    this.setTimer();
    if (this.machine.isQuiet) this.quiet?.();
  }

  private async round(): Promise<void> {
    const out = this.machine.begin();
    const additions = this.additions.splice(0);
    const now = this.now();
    const inputs = this.inputs.splice(0, INPUTS_PER_ROUND);
    try {
      for (const input of inputs) this.machine.handle(now, input, out);
      for (const { add } of additions) add(out.batch);
      this.world.prepare(out);
    } catch (error) {
      giveUp(additions, inputs);
      throw error;
    }
    try {
      if (!isEmpty(out.batch)) await this.world.store.commit(out.batch);
    } catch (error) {
      giveUp(additions, inputs);
      return this.commitFailed(error);
    }
    if (!this.ended) this.world.absorb(out);
    // The end may have come during the commit: who waits for what is kept now is answered all the same.
    for (const action of out.actions) if (!this.ended || action.do === "reply") this.act(action);
    for (const { done } of additions) done();
  }

  private commitFailed(error: unknown): void {
    if (!(error instanceof StoreOutdated)) this.end();
    this.world.failed(error);
  }

  private setTimer(): void {
    clearTimeout(this.timer);
    const wake = this.machine.nextWake;
    if (this.ended || wake === undefined) return;
    const wait = Math.min(Math.max(0, wake - this.now()), TIMER_MAX);
    this.timer = setTimeout(() => void this.feed({ type: "wake" }), wait);
  }

  private act(action: Action): void {
    switch (action.do) {
      case "open":
        return this.open(action.connection);
      case "send":
        return this.sockets.get(action.connection)?.send(action.frame);
      case "close":
        return this.sockets.get(action.connection)?.close();
      case "abandon":
        this.sockets.get(action.connection)?.abandon();
        this.sockets.delete(action.connection);
        return;
      case "refresh":
        return this.refresh(action.session);
      case "reply":
        return action.deliver();
    }
  }

  private open(connection: number): void {
    const { url, encoding, webSocket } = this.world;
    let isOpen = false;
    const feed = (input: Input) => void this.feed(input);
    const events: SocketEvents = {
      opened: () => {
        isOpen = true;
        feed({ type: "opened", connection });
      },
      frame: (frame) => feed({ type: "frame", connection, frame }),
      heard: () => feed({ type: "heard", connection }),
      ended: (code) => {
        this.sockets.delete(connection);
        if (isOpen) feed({ type: "closed", connection, ...(code !== undefined && { code }) });
        else feed({ type: "open_failed", connection });
      },
    };
    try {
      this.sockets.set(connection, new Socket(url, encoding, webSocket, events));
    } catch {
      // The browser forbids it, for example a plain connection from a secure page.
      events.ended(undefined);
    }
  }

  private refresh(session: SavedSession): void {
    void this.world.refresh(session).then((result) => {
      const asked = session.refreshToken;
      if ("session" in result) void this.feed({ type: "refreshed", asked, session: result.session });
      else void this.feed({ type: "not_refreshed", asked, failure: result.failure });
    });
  }
}

/** What a round took and will not be done. */
function giveUp(additions: Addition[], inputs: Input[]): void {
  for (const { done } of additions) done();
  refuseAll(inputs);
}

/** What nobody will do any more. */
function refuseAll(inputs: Input[]): void {
  for (const input of inputs) if (input.type === "command" && "reply" in input.command) input.command.reply.refused(CLOSED);
}

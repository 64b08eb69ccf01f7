/**
 * The state of one client, what can happen to it, and what follows.
 *
 * The machine has no sockets, no timers and no store: inputs and the time go in, an `Output` comes out. Its batch is
 * committed first; then the application is told and the actions are done, in their order.
 */

import type { ChosenStatus, Connection, Id, Pending, Problem, Seq, Timestamp } from "../api.js";
import { type Batch, emptyBatch, type Outgoing, type Progress, type Saved, type SavedSession } from "../store.js";
import type { ClientFrame, Frame, HistoryFrame, ServerFrame, WireChat, WireEvent, WireLimits, WirePage, WirePresence, WireUser } from "../wire.js";
import { ChatState } from "./chat.js";
import { Link } from "./link.js";
import { MarksDue } from "./marks.js";
import { Outbox } from "./outbox.js";
import { Pace } from "./pace.js";
import { Requests } from "./requests.js";
import { Syncing } from "./syncing.js";
import { Watching } from "./watching.js";

/** Names one connection of one client; never used again. */
export type ConnectionId = number;

/** Where an answer goes. */
export interface Reply<T> {
  done(value: T): void;
  refused(problem: Problem): void;
}

/** Something the application wants. */
export type Command =
  | { type: "post"; chat: Id; operation: Pending["operation"]; reply: Reply<Pending> }
  | { type: "retry"; name: string; reply: Reply<void> }
  | { type: "cancel"; name: string; reply: Reply<void> }
  | { type: "read"; chat: Id; seq: Seq }
  | { type: "typing"; chat: Id; on: boolean }
  | { type: "watch"; users: Id[]; chats: Id[] }
  | { type: "status"; status: ChosenStatus; reply: Reply<void> }
  | { type: "history"; frame: Omit<HistoryFrame, "type" | "ref">; reply: Reply<WirePage> }
  /** Send what waits without further pacing: the client is about to close. */
  | { type: "flush" };

/** Why there is no new access token. */
export type RefreshFailure = { denied: true } | { denied: false; afterMs?: number };

/** Something that happened. */
export type Input =
  /** Goes on with the session that was saved. */
  | { type: "resumed" }
  /** A new session to connect with. Another user than before starts from an empty store. */
  | { type: "signed_in"; session: SavedSession }
  /** The user signed out: everything kept goes. */
  | { type: "signed_out" }
  | { type: "opened"; connection: ConnectionId }
  | { type: "open_failed"; connection: ConnectionId }
  | { type: "frame"; connection: ConnectionId; frame: ServerFrame }
  /** Something came that is not for this client to understand. */
  | { type: "heard"; connection: ConnectionId }
  | { type: "closed"; connection: ConnectionId; code?: number }
  /** There are new tokens in place of this refresh token, and they are in the store. */
  | { type: "refreshed"; asked: string; session: SavedSession }
  | { type: "not_refreshed"; asked: string; failure: RefreshFailure }
  /** A REST call was refused because this access token has expired. */
  | { type: "token_expired"; token: string }
  /** There is reason to believe that connecting works now. */
  | { type: "hurry" }
  /** The device says that it has no network any more. */
  | { type: "network_lost" }
  /** Sends that a closed tab left behind in the store when its epoch was this. */
  | { type: "adopted"; epoch: number; outbox: Outgoing[] }
  | { type: "command"; command: Command }
  /** The client is being closed: the connections go, everything else stays for the next run. */
  | { type: "ended" }
  /** The time of `nextWake` has come. */
  | { type: "wake" };

/** A send is in the log, for good. */
export interface Sent { seq: Seq; id: Id; sentAt: Timestamp }

/** What the rest of the library is told, in order. */
export type Told =
  | { type: "welcome"; me: WireUser; limits: WireLimits }
  | { type: "connection"; connection: Connection }
  /** There is another access token. */
  | { type: "token" }
  | { type: "event"; event: WireEvent }
  | { type: "chat_joined" | "chat_changed"; chat: WireChat }
  | { type: "chat_left"; chat: Id }
  | Frame<"too_long">
  | { type: "read"; chat: Id; seq: Seq }
  /** The server knows now that the user has read this far. */
  | { type: "marked"; chat: Id; seq: Seq }
  | Frame<"receipt">
  | Frame<"receipt_counts">
  | Frame<"typing">
  | { type: "presence"; presence: WirePresence }
  | { type: "settled"; chat: Id; name: string; result: Sent | { error: Problem } }
  | { type: "stalled"; chat: Id; name: string; error?: Problem }
  /** Everything kept so far is gone. */
  | { type: "forgotten" };

/** Something to do. */
export type Action =
  | { do: "open"; connection: ConnectionId }
  | { do: "send"; connection: ConnectionId; frame: ClientFrame }
  /** Close with a close frame; what still comes counts, and the end is reported. */
  | { do: "close"; connection: ConnectionId }
  /** Let go of a connection; nothing more of it is reported. */
  | { do: "abandon"; connection: ConnectionId }
  | { do: "refresh"; session: SavedSession }
  | { do: "reply"; deliver: () => void };

/** What follows from inputs. */
export interface Output {
  batch: Batch;
  told: Told[];
  actions: Action[];
  /** Chats whose unsettled sends changed. */
  posted: Set<Id>;
}

/** What a machine is told once. */
export interface Settings {
  device?: string;
  /** Owns the sends made here. */
  instance: string;
  /** A number from 0 up to 1, another each time: the source of all jitter. */
  random: () => number;
}

/** Everything a client knows while it runs. */
export class State {
  session: SavedSession | undefined;
  epoch: number;
  /** The server's time minus this device's. */
  serverAhead = 0;
  readonly link = new Link();
  readonly requests = new Requests();
  readonly chats = new Map<Id, ChatState>();
  syncing = new Syncing();
  readonly outbox: Outbox;
  marks = new MarksDue();
  readonly pace = new Pace();
  watching = new Watching();

  constructor(readonly settings: Settings, saved: Saved) {
    this.session = saved.session;
    this.epoch = saved.epoch;
    for (const [chat, progress] of saved.progress) this.chats.set(chat, new ChatState(progress));
    this.outbox = new Outbox(saved.outbox.filter((each) => each.owner === settings.instance));
  }

  get me(): Id | undefined {
    return this.session?.user;
  }

  /** The server's time, as far as it is known. */
  serverTime(now: Timestamp): Timestamp {
    return now + this.serverAhead;
  }

  /** How far this device is in a chat that it has a cursor for. */
  progress(chat: Id): Progress | undefined {
    return this.chats.get(chat)?.progress;
  }

  /** The state of a chat, new if need be. */
  chat(id: Id): ChatState {
    let state = this.chats.get(id);
    if (!state) {
      state = new ChatState();
      this.chats.set(id, state);
    }
    return state;
  }
}

/** Nothing has followed yet. */
export function emptyOutput(state: State): Output {
  return { batch: emptyBatch(state.epoch), told: [], actions: [], posted: new Set() };
}

/** Sends a frame once the batch is committed. */
export function send(out: Output, connection: ConnectionId, frame: ClientFrame): void {
  out.actions.push({ do: "send", connection, frame });
}

/** Answers once the batch is committed. */
export function answer(out: Output, deliver: () => void): void {
  out.actions.push({ do: "reply", deliver });
}

/** Puts how far a chat is into the batch, and tells how far it is read. */
export function keepProgress(state: State, chat: Id, out: Output): void {
  const progress = state.progress(chat);
  if (!progress) return;
  out.batch.progress.set(chat, { ...progress });
  out.told.push({ type: "read", chat, seq: progress.read });
}


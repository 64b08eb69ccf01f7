/**
 * What travels between client and server, as the library calls it: the types of the contract under shorter names.
 *
 * Names and fields are those of `generated/contract.ts`, which is written from `docs/contracts`; a contract that changes
 * therefore does not compile until the library follows. What applications see is `api.ts`; `convert.ts` stands between.
 */

import type * as contract from "./generated/contract.js";

export type {
  Body as WireBody,
  ChatBody as WireChat,
  MemberBody as WireMember,
  MessageBody as WireMessage,
  MessagesPage as WirePage,
  Outcome,
  PostableBody,
  Presence as WirePresence,
  Problem as WireProblem,
  Retry,
  ServerFrame,
  SessionBody as WireSession,
  SignedIn as WireSignedIn,
  UserBody as WireUser,
  WireLimits,
  WireMarks,
} from "./generated/contract.js";

/** The server's frame of one type. */
export type Frame<T extends contract.ServerFrame["type"]> = Extract<contract.ServerFrame, { type: T }>;

/** `event`: one entry of a chat's log. A field of another shape than its kind has reads as absent. */
export type WireEvent = Omit<Frame<"event">, "type">;

/** The fields of lines that are no messages. */
export type WireDetails = Pick<contract.MessageBody, "users" | "user" | "role" | "title" | "history" | "data">;

/** What an `error` frame says. */
export type WireError = Omit<Frame<"error">, "type" | "ref">;

/** Without nulls: this client leaves out what it does not say. */
type Said<T> = { [Field in keyof T]: Exclude<T[Field], null> };
type EachSaid<T> = T extends unknown ? Said<T> : never;

/** What the client sends. */
export type ClientFrame = EachSaid<contract.ClientFrame>;
type Sent<T extends ClientFrame["type"]> = Extract<ClientFrame, { type: T }>;

/** A frame that shall enter a log. */
export type AppendFrame = Sent<"send" | "edit" | "delete" | "react">;
export type HistoryFrame = Sent<"history">;
export type WatchFrame = Sent<"watch">;

/**
 * What travels between client and server: frames of the WebSocket and bodies of the REST interface.
 *
 * Names and fields are exactly those of the protocol. What applications see is `api.ts`; `convert.ts` stands between.
 */

import type { ChosenStatus, Id, Role, Seq, Timestamp } from "./api.js";

/** A body as it travels: a `type` and whatever belongs to it. */
export type WireBody = { type: string } & Record<string, unknown>;

/** A new member as an event names them. */
export interface WireNewMember { user: Id; role: Role }

/** The fields of every kind of event; one of another shape than expected reads as absent. */
export interface WireDetails {
  body?: WireBody;
  reply_to?: Seq;
  target?: Seq;
  emoji?: string;
  on?: boolean;
  users?: WireNewMember[];
  user?: Id;
  role?: Role;
  title?: string;
  history?: string;
  data?: unknown;
  chat_type?: string;
}

/** `event`: one entry of a chat's log. */
export interface WireEvent extends WireDetails {
  chat: Id;
  seq: Seq;
  id: Id;
  author: Id;
  key?: string;
  kind: string;
  sent_at: Timestamp;
}

/** A line of the conversation in its current state. */
export interface WireMessage extends WireDetails {
  chat: Id;
  seq: Seq;
  id: Id;
  author: Id;
  key?: string;
  kind: string;
  sent_at: Timestamp;
  edited_at?: Timestamp;
  deleted?: boolean;
  reactions?: { emoji: string; users: Id[] }[];
}

export interface WireUser {
  id: Id;
  username: string;
  display_name: string;
  avatar_url?: string;
  data?: unknown;
  created_at: Timestamp;
  updated_at: Timestamp;
}

export interface WireMember { user: Id; role: Role; joined_at: Timestamp; delivered: Seq; read: Seq }

export interface WireChat {
  id: Id;
  type: "direct" | "group";
  title?: string;
  data?: unknown;
  created_at: Timestamp;
  updated_at: Timestamp;
  role: Role;
  head: Seq;
  read: Seq;
  delivered: Seq;
  unread: number;
  last_message?: WireMessage;
  member_count: number;
  /** Up to 64. */
  members?: WireMember[];
}

export interface WireSession { id: Id; device: string; created_at: Timestamp; last_active_at: Timestamp; current: boolean }

/** The answer to registering, logging in and refreshing. */
export interface WireSignedIn {
  user: WireUser;
  session: WireSession;
  access_token: string;
  /** Seconds. */
  expires_in: number;
  refresh_token: string;
}

export interface WireMarks { delivered: Seq; read: Seq }

export interface WirePresence {
  user: Id;
  status: ChosenStatus | "offline" | "unknown";
  last_seen?: Timestamp;
  version?: number;
}

/** What the client must keep within; numbers that are not here are the server's business. */
export interface WireLimits { watch_users: number; watch_chats: number; page_messages: number }

export type Retry = "never" | "now" | "later" | "sync" | "refresh";
export type Outcome = "not_stored" | "unknown";

/** What an `error` frame and a problem document have in common. */
export interface WireError {
  code: string;
  message: string;
  retry: Retry;
  retry_after_ms?: number;
  outcome?: Outcome;
  field?: string;
  seq?: Seq;
  id?: Id;
  /** Of an unknown outcome: the `applied` to retry the key with, if it was raised. */
  applied?: Seq;
}

/** The body of a failed REST call. */
export interface WireProblem extends Omit<WireError, "message"> { detail: string }

export interface WirePage { messages: WireMessage[]; has_before: boolean; has_after: boolean; at: Seq }

type Ref = { ref?: string };

/** What is the same in every frame that shall enter a log. */
interface Append extends Ref { chat: Id; key: string; applied: Seq }

/** A frame that shall enter a log. */
export type AppendFrame =
  | (Append & { type: "send"; body: WireBody; reply_to?: Seq })
  | (Append & { type: "edit"; target: Seq; body: WireBody })
  | (Append & { type: "delete"; target: Seq })
  | (Append & { type: "react"; target: Seq; emoji: string; on: boolean });

/** What the client sends. */
export type ClientFrame =
  | (Ref & { type: "hello"; token: string; device?: string; features?: string[]; cursors: Record<Id, Seq>; more?: boolean })
  | (Ref & { type: "sync"; cursors: Record<Id, Seq>; more?: boolean })
  | AppendFrame
  | (Ref & { type: "cancel"; chat: Id; key: string })
  | (Ref & { type: "delivered" | "read"; chat: Id; seq: Seq })
  | (Ref & { type: "typing"; chat: Id; on: boolean })
  | (Ref & { type: "watch"; users: Id[]; chats: Id[] })
  | (Ref & { type: "set_status"; status: ChosenStatus })
  | (Ref & { type: "history"; chat: Id; before?: Seq; after?: Seq; around?: Seq; limit?: number })
  | (Ref & { type: "refresh"; token: string })
  | (Ref & { type: "ping" });

export type HistoryFrame = Extract<ClientFrame, { type: "history" }>;
export type WatchFrame = Extract<ClientFrame, { type: "watch" }>;

/** What the server sends. */
export type ServerFrame =
  | (Ref & {
      type: "welcome";
      me: WireUser;
      session: Id;
      server_time: Timestamp;
      heartbeat_ms: number;
      token_expires_at: Timestamp;
      limits: WireLimits;
    })
  | { type: "marks"; chats: Record<Id, WireMarks> }
  | ({ type: "event" } & WireEvent)
  | { type: "receipt"; chat: Id; user: Id; delivered: Seq; read: Seq }
  | { type: "receipt_counts"; chat: Id; seq: Seq; delivered_count: number; read_count: number }
  | (Ref & { type: "ready" })
  | (Ref & { type: "synced" })
  | (Ref & { type: "sent"; chat: Id; seq: Seq; id: Id; sent_at: Timestamp; duplicate?: boolean })
  | (Ref & { type: "cancelled" })
  | (Ref & { type: "ok"; presence?: WirePresence[]; token_expires_at?: Timestamp })
  | (Ref & { type: "page" } & WirePage)
  | (Ref & { type: "pong"; server_time: Timestamp })
  | { type: "typing"; chat: Id; user: Id; on: boolean }
  | ({ type: "presence" } & WirePresence)
  | { type: "chat"; change: "joined" | "changed"; chat: WireChat }
  | { type: "chat"; change: "left"; chat: { id: Id } }
  | { type: "resync"; chat?: Id; reason?: string }
  | { type: "too_long"; chat: Id; head: Seq; oldest: Seq; reason: string }
  | { type: "reconnect"; after_ms: number }
  | (Ref & { type: "error" } & WireError);

/** The server's frame of one type. */
export type Frame<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

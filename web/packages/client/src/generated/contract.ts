/**
 * What travels between clients and a server, as the contracts in `docs/contracts` say.
 *
 * Written by `npm run contracts -w parlour-client`; what is wrong here is wrong there.
 */

/**
 * What the client sends.
 */
export type ClientFrame =
  | ClientCancelFrame
  | ClientDeleteFrame
  | ClientDeliveredFrame
  | ClientEditFrame
  | ClientHelloFrame
  | ClientHistoryFrame
  | ClientPingFrame
  | ClientReactFrame
  | ClientReadFrame
  | ClientRefreshFrame
  | ClientSendFrame
  | ClientSetStatusFrame
  | ClientSyncFrame
  | ClientTypingFrame
  | ClientWatchFrame;
/**
 * Names a chat.
 *
 * A decimal string of a positive number below 2^63, without leading zeros.
 */
export type ChatId = string;
/**
 * A client's name for one thing it wants in the log: a UUIDv7 made at the first attempt and kept
 * for every retry. Unique per (chat, author).
 */
export type EventKey = string;
/**
 * A client's name for one of its frames, returned in the answer: at most 64 bytes of its own choice.
 */
export type Reference = string;
/**
 * The content of a message that is posted. Fields beside these are stored and handed on.
 */
export type PostableBody =
  | {
      /**
       * The users it mentions.
       *
       * @maxItems 100
       */
      mentions?: UserId[] | null;
      /**
       * What is said. The limit is one of bytes of UTF-8.
       */
      text: string;
      type: "text";
    }
  | {
      /**
       * What the application says.
       */
      data?: unknown;
      /**
       * What the application calls it. The limit is one of bytes of UTF-8.
       */
      name: string;
      type: "custom";
    }
  | {
      /**
       * How.
       */
      algorithm: string;
      /**
       * The ciphertexts.
       */
      payloads:
        | unknown[]
        | {
            [k: string]: unknown;
          };
      type: "encrypted";
    };
/**
 * Names a user.
 *
 * A decimal string of a positive number below 2^63, without leading zeros.
 */
export type UserId = string;
/**
 * A reaction: one emoji, as text of 1 to 64 bytes without control characters or white space.
 */
export type Emoji = string;
/**
 * The status a user chose.
 */
export type ChosenStatus = "online" | "away" | "busy" | "invisible";
/**
 * What the server sends.
 */
export type ServerFrame =
  | ServerCancelledFrame
  | ServerChatFrame
  | ServerErrorFrame
  | ServerEventFrame
  | ServerMarksFrame
  | ServerOkFrame
  | ServerPageFrame
  | ServerPongFrame
  | ServerPresenceFrame
  | ServerReadyFrame
  | ServerReceiptFrame
  | ServerReceiptCountsFrame
  | ServerReconnectFrame
  | ServerResyncFrame
  | ServerSentFrame
  | ServerSyncedFrame
  | ServerTooLongFrame
  | ServerTypingFrame
  | ServerWelcomeFrame;
/**
 * `chat`: what happened to a chat, as the user sees it.
 */
export type ServerChatFrame = {
  type: "chat";
} & ServerChatFrame1;
export type ServerChatFrame1 =
  | {
      change: "joined";
      chat: ChatBody;
    }
  | {
      change: "changed";
      chat: ChatBody;
    }
  | {
      change: "left";
      chat: LeftChat;
    };
/**
 * What kind of chat. Never changes.
 */
export type ChatType = "direct" | "group";
/**
 * What of a group's past a new member may see.
 */
export type HistoryVisibility = "all" | "since_join";
/**
 * The public id of an event: a Snowflake, unique in its chat, rising with its seq.
 *
 * A decimal string of a positive number below 2^63, without leading zeros.
 */
export type EventId = string;
/**
 * What a member may do. Ordered: who is greater may do more.
 */
export type Role = "member" | "admin" | "owner";
/**
 * How far a message got, for one of its readers or for all.
 */
export type MessageStatus = "sent" | "delivered" | "read";
/**
 * The title of a group: 1 to 128 characters, not only white space, no control characters.
 */
export type Title = string;
/**
 * What went wrong.
 */
export type ErrorCode =
  | "invalid"
  | "unknown_type"
  | "too_large"
  | "key_time"
  | "key_reused"
  | "limit_reached"
  | "username_taken"
  | "token_invalid"
  | "token_expired"
  | "forbidden"
  | "blocked"
  | "chat_not_found"
  | "user_not_found"
  | "message_not_found"
  | "media_not_found"
  | "predecessor_pending"
  | "rate_limited"
  | "busy"
  | "draining"
  | "store_unavailable"
  | "upload_failed"
  | "outcome_unknown";
/**
 * What is known about a failed attempt to put something into a log.
 */
export type Outcome = "not_stored" | "unknown";
/**
 * When the same thing may be tried again.
 */
export type Retry = "never" | "now" | "later" | "sync" | "refresh";
/**
 * The status others see.
 */
export type PresenceStatus = "online" | "away" | "busy" | "offline" | "unknown";
/**
 * Why a chat's events are not streamed.
 */
export type TooLongReason = "behind" | "rejoined" | "ahead" | "retention";
/**
 * The name others read: 1 to 64 characters of any script.
 */
export type DisplayName = string;
/**
 * A unique name: 3 to 32 of `[a-z0-9_.]`. Upper case is folded when parsing.
 */
export type UserName = string;
/**
 * Names a session: one device's sign-in, until it is logged out or revoked.
 *
 * A decimal string of a positive number below 2^63, without leading zeros.
 */
export type SessionId = string;
/**
 * `POST /chats`.
 */
export type CreateChat =
  | (CreateDirect & {
      type: "direct";
    })
  | (CreateGroup & {
      type: "group";
    });
/**
 * Which mark to raise.
 */
export type MarkWord = "delivered" | "read";
/**
 * Who may see something of a user. Their own devices always may.
 */
export type Audience = "everyone" | "nobody";
/**
 * Why something is reported.
 */
export type ReportReason = "spam" | "abuse" | "violence" | "other";
/**
 * Names a report to the operators.
 *
 * A decimal string of a positive number below 2^63, without leading zeros.
 */
export type ReportId = string;

/**
 * The whole contract.
 */
export interface Contract {
  ClientFrame: ClientFrame;
  ServerFrame: ServerFrame;
  Routes: Routes;
}
/**
 * `cancel`: gives up a pending send. Answered with `sent` if an attempt of the key is in the log after all, else
 * with `cancelled`: then none ever will be.
 */
export interface ClientCancelFrame {
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * The key of the send.
   */
  key: EventKey;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  type: "cancel";
}
/**
 * `delete`: deletes a message for everybody. Answered with `sent`.
 */
export interface ClientDeleteFrame {
  /**
   * The seq the client had applied at the first attempt; 0 without a cursor.
   */
  applied?: number;
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * Made at the first attempt and kept for every retry.
   */
  key: EventKey;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  /**
   * The message.
   */
  target: number;
  type: "delete";
}
/**
 * `delivered` and `read`: everything up to `seq` reached this device, or was read. Never lowers a mark.
 * Answered with `ok` once durable.
 */
export interface ClientDeliveredFrame {
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  /**
   * Up to here.
   */
  seq: number;
  type: "delivered";
}
/**
 * `edit`: gives a message of one's own a new body. Answered with `sent`.
 */
export interface ClientEditFrame {
  /**
   * The seq the client had applied at the first attempt; 0 without a cursor.
   */
  applied?: number;
  /**
   * Its new body.
   */
  body: PostableBody;
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * Made at the first attempt and kept for every retry.
   */
  key: EventKey;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  /**
   * The message.
   */
  target: number;
  type: "edit";
}
/**
 * `hello`: the first frame of every connection, within ten seconds. Answered with `welcome`, `marks`,
 * the missing events of the chats in `cursors`, and `ready`.
 */
export interface ClientHelloFrame {
  /**
   * By chat, the seq up to which the client has applied every event.
   */
  cursors?: {
    /**
     * Position of an event in its chat: 1, 2, 3 … without a hole. Zero means "before the first".
     */
    [k: string]: number;
  };
  /**
   * What the user calls this device.
   */
  device?: string | null;
  /**
   * What the client can do beyond the first version.
   */
  features?: string[];
  /**
   * Whether a `sync` with further cursors follows; `ready` waits for the last.
   */
  more?: boolean;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  /**
   * The access token.
   */
  token: string;
  type: "hello";
}
/**
 * `history`: a page of messages in their current state. Answered with `page`.
 */
export interface ClientHistoryFrame {
  /**
   * Messages above this seq, the oldest of them.
   */
  after?: number | null;
  /**
   * Messages on both sides of this seq, which is included.
   */
  around?: number | null;
  /**
   * Messages below this seq, the newest of them.
   */
  before?: number | null;
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * How many at most: 1 to 100, 50 if absent.
   */
  limit?: number | null;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  type: "history";
}
/**
 * `ping`: the application's heartbeat. Answered with `pong`.
 */
export interface ClientPingFrame {
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  type: "ping";
}
/**
 * `react`: puts one's reaction on a message or takes it off. Answered with `sent`.
 */
export interface ClientReactFrame {
  /**
   * The seq the client had applied at the first attempt; 0 without a cursor.
   */
  applied?: number;
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * Which reaction.
   */
  emoji: Emoji;
  /**
   * Made at the first attempt and kept for every retry.
   */
  key: EventKey;
  /**
   * On or off.
   */
  on: boolean;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  /**
   * The message.
   */
  target: number;
  type: "react";
}
/**
 * `delivered` and `read`: everything up to `seq` reached this device, or was read. Never lowers a mark.
 * Answered with `ok` once durable.
 */
export interface ClientReadFrame {
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  /**
   * Up to here.
   */
  seq: number;
  type: "read";
}
/**
 * `refresh`: a new access token of the same user and session for this live connection. Answered with `ok`.
 */
export interface ClientRefreshFrame {
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  /**
   * The new access token.
   */
  token: string;
  type: "refresh";
}
/**
 * `send`: posts a message. Answered with `sent` once it is durable, or with `error`.
 */
export interface ClientSendFrame {
  /**
   * The seq the client had applied at the first attempt; 0 without a cursor.
   */
  applied?: number;
  /**
   * What.
   */
  body: PostableBody;
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * Made at the first attempt and kept for every retry.
   */
  key: EventKey;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  /**
   * The message it answers.
   */
  reply_to?: number | null;
  type: "send";
}
/**
 * `set_status`: the status the user chose for all their devices. Answered with `ok`.
 */
export interface ClientSetStatusFrame {
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  /**
   * Which.
   */
  status: ChosenStatus;
  type: "set_status";
}
/**
 * `sync`: asks for the events after the cursors. Answered with those events and `synced`, or `too_long` for
 * a chat in which too many are missing.
 */
export interface ClientSyncFrame {
  /**
   * By chat, the seq up to which the client has applied every event.
   */
  cursors: {
    /**
     * Position of an event in its chat: 1, 2, 3 … without a hole. Zero means "before the first".
     */
    [k: string]: number;
  };
  /**
   * Whether another `sync` follows that belongs to the same `hello`.
   */
  more?: boolean;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  type: "sync";
}
/**
 * `typing`: the user types, or stopped. Not answered; ends by itself after five seconds.
 */
export interface ClientTypingFrame {
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * Types, or stopped.
   */
  on: boolean;
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  type: "typing";
}
/**
 * `watch`: whom and what the screen shows now, in place of the previous set. Answered with `ok` and the presence
 * of those users; the watched chats get typing notices.
 */
export interface ClientWatchFrame {
  /**
   * Whose typing.
   *
   * @maxItems 100
   */
  chats?: ChatId[];
  /**
   * The client's name for this frame.
   */
  ref?: Reference | null;
  type: "watch";
  /**
   * Whose presence.
   *
   * @maxItems 500
   */
  users?: UserId[];
}
/**
 * `cancelled`: no attempt of the key is in the log or will ever be.
 */
export interface ServerCancelledFrame {
  /**
   * The `ref` of the `cancel`.
   */
  ref?: Reference;
  type: "cancelled";
}
/**
 * A chat as one of its members sees it.
 */
export interface ChatBody {
  /**
   * When it was created.
   */
  created_at: number;
  /**
   * What the application keeps with the chat.
   */
  data?: AppData;
  /**
   * The user's devices have received up to here.
   */
  delivered: number;
  /**
   * The seq of its last event.
   */
  head: number;
  /**
   * Its id.
   */
  id: ChatId;
  /**
   * Its last line, in its current state.
   */
  last_message?: MessageBody;
  /**
   * How many members it has.
   */
  member_count: number;
  /**
   * All members with their marks, in chats of up to 64 where the frame or route tells them.
   */
  members?: MemberBody[];
  /**
   * The user has read up to here.
   */
  read: number;
  /**
   * The user's role.
   */
  role: Role;
  /**
   * The title of a group.
   */
  title?: Title;
  /**
   * Direct or group.
   */
  type: ChatType;
  /**
   * How many messages the user has not read.
   */
  unread: number;
  /**
   * When its title, settings or data last changed.
   */
  updated_at: number;
}
/**
 * The data of an application: a small JSON object that the server hands on and never looks into. The default, `{}`,
 * is none.
 */
export interface AppData {
  [k: string]: unknown;
}
/**
 * A line of the conversation in its current state: a message, or what happened to members or title.
 */
export interface MessageBody {
  /**
   * Who.
   */
  author: UserId;
  /**
   * `message`: what is said, after the latest edit; of a deleted one a text that is empty.
   */
  body?: Body;
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * `chat_created`: direct or group.
   */
  chat_type?: ChatType;
  /**
   * `chat_changed`, `chat_created`: what the application keeps with the chat; an empty object: nothing any more.
   */
  data?: AppData;
  /**
   * Deleted; what it said is gone.
   */
  deleted?: boolean;
  /**
   * When it was last edited, if ever.
   */
  edited_at?: number;
  /**
   * `chat_changed`, `chat_created`: what new members may see.
   */
  history?: HistoryVisibility;
  /**
   * Its public id.
   */
  id: EventId;
  /**
   * The author's key; only the author is told it.
   */
  key?: EventKey;
  /**
   * What kind of event; decides which of the fields of a kind are there.
   */
  kind: string;
  /**
   * Pinned. Reserved: nothing pins a message yet.
   */
  pinned?: boolean;
  /**
   * Who reacted with what.
   */
  reactions?: ReactionBody[];
  /**
   * `message`: the message it answers.
   */
  reply_to?: number;
  /**
   * `role_changed`: the new role.
   */
  role?: Role;
  /**
   * When.
   */
  sent_at: number;
  /**
   * Its position.
   */
  seq: number;
  /**
   * Of the user's own messages: how far it got with everybody else.
   */
  status?: MessageStatus;
  /**
   * `chat_changed`, `chat_created`: the title.
   */
  title?: Title;
  /**
   * `member_removed`, `role_changed`: whom it is about.
   */
  user?: UserId;
  /**
   * `members_added`, `chat_created`: who became a member.
   */
  users?: NewMember[];
}
/**
 * The content of a message as readers get it: an object with a `type`. The types that can be posted come with their
 * fields, but the text of a deleted message is empty. A reader shows a body of another type as one it does not know.
 */
export interface Body {
  text?: string;
  type: string;
  [k: string]: unknown;
}
/**
 * A reaction with the users who put it there.
 */
export interface ReactionBody {
  /**
   * Which.
   */
  emoji: Emoji;
  /**
   * Whose.
   */
  users: UserId[];
}
/**
 * A user who becomes a member.
 */
export interface NewMember {
  /**
   * With which role.
   */
  role: Role;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * A member with their marks.
 */
export interface MemberBody {
  /**
   * Received up to here.
   */
  delivered: number;
  /**
   * Since when.
   */
  joined_at: number;
  /**
   * Read up to here.
   */
  read: number;
  /**
   * With which role.
   */
  role: Role;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * A chat that is no longer the user's.
 */
export interface LeftChat {
  /**
   * Which.
   */
  id: ChatId;
}
/**
 * `error`: the answer to a frame that could not be done, or, without `ref`, why the connection is about to close.
 */
export interface ServerErrorFrame {
  /**
   * Of an unknown outcome: the `applied` to retry the key with, if it was raised.
   */
  applied?: number;
  /**
   * What went wrong.
   */
  code: ErrorCode;
  /**
   * The wrong field, as a path: `body.text`.
   */
  field?: string;
  /**
   * Of a reused key: the id of what it stands for.
   */
  id?: EventId;
  /**
   * The same for people: what is wrong and what to do.
   */
  message: string;
  /**
   * For what enters a log: whether this attempt may be stored.
   */
  outcome?: Outcome;
  /**
   * The `ref` of the frame.
   */
  ref?: Reference;
  /**
   * When to try again.
   */
  retry: Retry;
  /**
   * How long to wait first.
   */
  retry_after_ms?: number;
  /**
   * Of a reused key: the seq of what it stands for.
   */
  seq?: number;
  type: "error";
}
/**
 * `event`: one entry of a chat's log.
 */
export interface ServerEventFrame {
  /**
   * Who caused it.
   */
  author: UserId;
  /**
   * `message`, `message_edited`: what is said.
   */
  body?: Body;
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * `chat_created`: direct or group.
   */
  chat_type?: ChatType;
  /**
   * `chat_changed`, `chat_created`: what the application keeps with the chat; an empty object: nothing any more.
   */
  data?: AppData;
  /**
   * `reaction_changed`: which reaction.
   */
  emoji?: Emoji;
  /**
   * `chat_changed`, `chat_created`: what new members may see.
   */
  history?: HistoryVisibility;
  /**
   * Its public id.
   */
  id: EventId;
  /**
   * The author's key; only the author's own devices are told it.
   */
  key?: EventKey;
  /**
   * What kind; decides which of the fields below are there. `pin_changed` is reserved: nothing pins a message yet.
   */
  kind: string;
  /**
   * `reaction_changed`, `pin_changed`: on or off.
   */
  on?: boolean;
  /**
   * `message`: the message it answers.
   */
  reply_to?: number;
  /**
   * `role_changed`: the new role.
   */
  role?: Role;
  /**
   * When.
   */
  sent_at: number;
  /**
   * Its position.
   */
  seq: number;
  /**
   * `message_edited`, `message_deleted`, `reaction_changed`, `pin_changed`: the message it is about.
   */
  target?: number;
  /**
   * `chat_changed`, `chat_created`: the title.
   */
  title?: Title;
  type: "event";
  /**
   * `member_removed`, `role_changed`: whom it is about.
   */
  user?: UserId;
  /**
   * `members_added`, `chat_created`: who became a member.
   */
  users?: NewMember[];
}
/**
 * `marks`: the user's own watermarks by chat, before `ready`.
 */
export interface ServerMarksFrame {
  /**
   * By chat.
   */
  chats: {
    [k: string]: WireMarks;
  };
  type: "marks";
}
/**
 * How far somebody has received and read a chat.
 */
export interface WireMarks {
  /**
   * Received up to here.
   */
  delivered: number;
  /**
   * Read up to here.
   */
  read: number;
}
/**
 * `ok`: done, and durable where that matters.
 */
export interface ServerOkFrame {
  /**
   * Answering `watch`: the presence of the watched users.
   */
  presence?: Presence[];
  /**
   * The `ref` of the frame that is done.
   */
  ref?: Reference;
  /**
   * Answering `refresh`: when the new access token ends.
   */
  token_expires_at?: number;
  type: "ok";
}
/**
 * What others see of a user. Of two, the one with the greater `version` is the truth; after `unknown`, whatever comes next.
 */
export interface Presence {
  /**
   * When they were last connected; absent while online and when never.
   */
  last_seen?: number;
  /**
   * Their status.
   */
  status: PresenceStatus;
  /**
   * Who.
   */
  user: UserId;
  /**
   * Rises with every change: `max(previous + 1, milliseconds)`. 0 where the status is `unknown`, which is compared with nothing.
   */
  version: number;
}
/**
 * `page`: the answer to `history`.
 */
export interface ServerPageFrame {
  /**
   * The state includes every event up to this seq: only later ones change it.
   */
  at: number;
  /**
   * Whether there are messages above.
   */
  has_after: boolean;
  /**
   * Whether there are messages below.
   */
  has_before: boolean;
  /**
   * In their current state, ascending by seq.
   */
  messages: MessageBody[];
  /**
   * The `ref` of the `history`.
   */
  ref?: Reference;
  type: "page";
}
/**
 * `pong`: the answer to `ping`.
 */
export interface ServerPongFrame {
  /**
   * The `ref` of the `ping`.
   */
  ref?: Reference;
  /**
   * The server's clock.
   */
  server_time: number;
  type: "pong";
}
/**
 * What others see of a user. Of two, the one with the greater `version` is the truth; after `unknown`, whatever comes next.
 */
export interface ServerPresenceFrame {
  /**
   * When they were last connected; absent while online and when never.
   */
  last_seen?: number;
  /**
   * Their status.
   */
  status: PresenceStatus;
  type: "presence";
  /**
   * Who.
   */
  user: UserId;
  /**
   * Rises with every change: `max(previous + 1, milliseconds)`. 0 where the status is `unknown`, which is compared with nothing.
   */
  version: number;
}
/**
 * `ready`: every chat of the `hello` and its following `sync`s is caught up; from here on all is live.
 */
export interface ServerReadyFrame {
  /**
   * The `ref` of the `hello`.
   */
  ref?: Reference;
  type: "ready";
}
/**
 * `receipt`: a member's watermarks rose. One's own devices always get one's own.
 */
export interface ServerReceiptFrame {
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * Received up to here.
   */
  delivered: number;
  /**
   * Read up to here.
   */
  read: number;
  type: "receipt";
  /**
   * Whose.
   */
  user: UserId;
}
/**
 * `receipt_counts`: how many members of a large chat have received and read a message.
 */
export interface ServerReceiptCountsFrame {
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * How many members received it.
   */
  delivered_count: number;
  /**
   * How many members read it.
   */
  read_count: number;
  /**
   * Which message.
   */
  seq: number;
  type: "receipt_counts";
}
/**
 * `reconnect`: the node is going away. The client opens a new connection after this time and closes the old one
 * after the new `welcome`.
 */
export interface ServerReconnectFrame {
  /**
   * When, already spread over all clients.
   */
  after_ms: number;
  type: "reconnect";
}
/**
 * `resync`: events may have been missed, in one chat or in any. The client answers with `sync`.
 */
export interface ServerResyncFrame {
  /**
   * Where; absent: anywhere.
   */
  chat?: ChatId;
  /**
   * Why, for people who read logs.
   */
  reason: string;
  type: "resync";
}
/**
 * `sent`: the event is durable and has this place in the log. It does not move the client's cursor.
 */
export interface ServerSentFrame {
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * Whether an earlier attempt of the key had stored it.
   */
  duplicate: boolean;
  /**
   * Its public id.
   */
  id: EventId;
  /**
   * The `ref` of the frame that is in the log now.
   */
  ref?: Reference;
  /**
   * Its time.
   */
  sent_at: number;
  /**
   * Its position.
   */
  seq: number;
  type: "sent";
}
/**
 * `synced`: the answer to `sync`, after the missing events.
 */
export interface ServerSyncedFrame {
  /**
   * The `ref` of the `sync`.
   */
  ref?: Reference;
  type: "synced";
}
/**
 * `too_long`: instead of the missing events. The only thing that may lower a cursor: it becomes `head`, the chat's
 * cache is dropped, and history is loaded from there downwards.
 */
export interface ServerTooLongFrame {
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * The new cursor.
   */
  head: number;
  /**
   * The first seq the user may read.
   */
  oldest: number;
  /**
   * Why.
   */
  reason: TooLongReason;
  type: "too_long";
}
/**
 * `typing`: a member types, or stopped.
 */
export interface ServerTypingFrame {
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * Types, or stopped.
   */
  on: boolean;
  type: "typing";
  /**
   * Who.
   */
  user: UserId;
}
/**
 * `welcome`: the answer to `hello` when the token is good. Other frames may be sent from here on.
 */
export interface ServerWelcomeFrame {
  /**
   * What the server can do beyond the first version.
   */
  features: string[];
  /**
   * Silence for twice this long means: reconnect.
   */
  heartbeat_ms: number;
  /**
   * What the client must keep within.
   */
  limits: WireLimits;
  /**
   * The user's own profile.
   */
  me: UserBody;
  /**
   * The `ref` of the `hello`.
   */
  ref?: Reference;
  /**
   * The server's clock, by which the client corrects the time in its keys.
   */
  server_time: number;
  /**
   * The session the token belongs to.
   */
  session: SessionId;
  /**
   * When the access token ends.
   */
  token_expires_at: number;
  type: "welcome";
}
/**
 * What a client must keep within. Sizes of texts in bytes where the name says so, else in characters.
 */
export interface WireLimits {
  /**
   * A whole body, as JSON.
   */
  body_bytes: number;
  /**
   * Cursors in one `hello` or `sync`.
   */
  cursors: number;
  /**
   * A display name.
   */
  display_name_chars: number;
  /**
   * A frame.
   */
  frame_bytes: number;
  /**
   * Members of a group, and users named when creating one.
   */
  group_members: number;
  /**
   * Nesting of arrays and objects.
   */
  nesting: number;
  /**
   * Messages in one history page.
   */
  page_messages: number;
  /**
   * The longest password.
   */
  password_chars_max: number;
  /**
   * The shortest password.
   */
  password_chars_min: number;
  /**
   * The text of a message.
   */
  text_bytes: number;
  /**
   * The title of a group.
   */
  title_chars: number;
  /**
   * The longest user name.
   */
  user_name_chars_max: number;
  /**
   * The shortest user name.
   */
  user_name_chars_min: number;
  /**
   * Chats in one `watch`.
   */
  watch_chats: number;
  /**
   * Users in one `watch`.
   */
  watch_users: number;
}
/**
 * A user's profile.
 */
export interface UserBody {
  /**
   * A picture elsewhere.
   */
  avatar_url?: string;
  /**
   * When they registered.
   */
  created_at: number;
  /**
   * What the application keeps with the user.
   */
  data?: AppData;
  /**
   * What others read.
   */
  display_name: DisplayName;
  /**
   * Their id.
   */
  id: UserId;
  /**
   * When the profile last changed.
   */
  updated_at: number;
  /**
   * Their unique name.
   */
  username: UserName;
}
/**
 * Every call: by its method and path, what it takes and what it answers.
 */
export interface Routes {
  /**
   * Sign in
   */
  "POST /auth/login": {
    body: LoginRequest;
    answer: SignedIn;
  };
  /**
   * Sign out
   */
  "POST /auth/logout": {
    answer: undefined;
  };
  /**
   * Change the password
   */
  "POST /auth/password": {
    body: PasswordChange;
    answer: undefined;
  };
  /**
   * Get new tokens
   */
  "POST /auth/refresh": {
    body: RefreshRequest;
    answer: SignedIn;
  };
  /**
   * Create an account and sign in
   */
  "POST /auth/register": {
    /**
     * The `Idempotency-Key`: makes a repeated call the same call.
     */
    key?: string;
    body: RegisterRequest;
    answer: SignedIn;
  };
  /**
   * List one's chats
   */
  "GET /chats": {
    query?: {
      cursor?: string;
      limit?: number;
    };
    answer: ChatsPage;
  };
  /**
   * Create a chat
   */
  "POST /chats": {
    /**
     * The `Idempotency-Key`: makes a repeated call the same call.
     */
    key?: string;
    body: CreateChat;
    answer: ChatBody;
  };
  /**
   * Read a chat
   */
  "GET /chats/{chat}": {
    path: {
      chat: ChatId;
    };
    answer: ChatBody;
  };
  /**
   * Change title, history or data
   */
  "PATCH /chats/{chat}": {
    path: {
      chat: ChatId;
    };
    body: ChatPatch;
    answer: ChatBody;
  };
  /**
   * Leave a group
   */
  "POST /chats/{chat}/leave": {
    path: {
      chat: ChatId;
    };
    answer: undefined;
  };
  /**
   * List the members
   */
  "GET /chats/{chat}/members": {
    path: {
      chat: ChatId;
    };
    query?: {
      cursor?: string;
      limit?: number;
      online?: boolean;
    };
    answer: MembersPage;
  };
  /**
   * Add members
   */
  "POST /chats/{chat}/members": {
    path: {
      chat: ChatId;
    };
    body: AddMembers;
    answer: undefined;
  };
  /**
   * Change a member's role
   */
  "PATCH /chats/{chat}/members/{user}": {
    path: {
      chat: ChatId;
      user: UserId;
    };
    body: MemberPatch;
    answer: undefined;
  };
  /**
   * Remove a member
   */
  "DELETE /chats/{chat}/members/{user}": {
    path: {
      chat: ChatId;
      user: UserId;
    };
    answer: undefined;
  };
  /**
   * Read the history
   */
  "GET /chats/{chat}/messages": {
    path: {
      chat: ChatId;
    };
    query?: {
      after?: string;
      around?: string;
      before?: string;
      limit?: number;
    };
    answer: MessagesPage;
  };
  /**
   * Post a message
   */
  "POST /chats/{chat}/messages": {
    path: {
      chat: ChatId;
    };
    /**
     * The `Idempotency-Key`: makes a repeated call the same call.
     */
    key: string;
    body: PostMessage;
    answer: Posted;
  };
  /**
   * Read a message
   */
  "GET /chats/{chat}/messages/{message}": {
    path: {
      chat: ChatId;
      message: string;
    };
    answer: MessageBody;
  };
  /**
   * Edit one's message
   */
  "PATCH /chats/{chat}/messages/{message}": {
    path: {
      chat: ChatId;
      message: string;
    };
    /**
     * The `Idempotency-Key`: makes a repeated call the same call.
     */
    key?: string;
    body: EditMessage;
    answer: Posted;
  };
  /**
   * Delete a message for everybody
   */
  "DELETE /chats/{chat}/messages/{message}": {
    path: {
      chat: ChatId;
      message: string;
    };
    /**
     * The `Idempotency-Key`: makes a repeated call the same call.
     */
    key?: string;
    answer: Posted;
  };
  /**
   * See who has received and read a message
   */
  "GET /chats/{chat}/messages/{message}/receipts": {
    path: {
      chat: ChatId;
      message: string;
    };
    query?: {
      cursor?: string;
      limit?: number;
    };
    answer: ReceiptsPage;
  };
  /**
   * Say what arrived or was read
   */
  "PUT /chats/{chat}/messages/{message}/status": {
    path: {
      chat: ChatId;
      message: string;
    };
    body: MarkRequest;
    answer: WireMarks;
  };
  /**
   * Change one's profile
   */
  "PATCH /me": {
    body: ProfilePatch;
    answer: UserBody;
  };
  /**
   * Read what others may see
   */
  "GET /me/privacy": {
    answer: PrivacyBody;
  };
  /**
   * Change what others may see
   */
  "PATCH /me/privacy": {
    body: PrivacyPatch;
    answer: PrivacyBody;
  };
  /**
   * Choose one's status
   */
  "PUT /me/status": {
    body: StatusRequest;
    answer: undefined;
  };
  /**
   * See which of several users are there
   */
  "POST /presence": {
    body: PresenceQuery;
    answer: PresenceBody;
  };
  /**
   * Report something to the operators
   */
  "POST /reports": {
    /**
     * The `Idempotency-Key`: makes a repeated call the same call.
     */
    key?: string;
    body: ReportRequest;
    answer: ReportAccepted;
  };
  /**
   * List one's sessions
   */
  "GET /sessions": {
    answer: SessionsBody;
  };
  /**
   * End all other sessions
   */
  "DELETE /sessions": {
    answer: undefined;
  };
  /**
   * End one session
   */
  "DELETE /sessions/{session}": {
    path: {
      session: SessionId;
    };
    answer: undefined;
  };
  /**
   * Find users
   */
  "GET /users": {
    query?: {
      cursor?: string;
      limit?: number;
      query?: string;
      username?: UserName;
    };
    answer: UsersPage;
  };
  /**
   * Read a profile
   */
  "GET /users/{user}": {
    path: {
      user: UserId;
    };
    answer: UserBody;
  };
  /**
   * See whether one has blocked a user
   */
  "GET /users/{user}/block": {
    path: {
      user: UserId;
    };
    answer: BlockBody;
  };
  /**
   * Block a user
   */
  "POST /users/{user}/block": {
    path: {
      user: UserId;
    };
    answer: undefined;
  };
  /**
   * Unblock a user
   */
  "DELETE /users/{user}/block": {
    path: {
      user: UserId;
    };
    answer: undefined;
  };
  /**
   * See whether somebody is there
   */
  "GET /users/{user}/status": {
    path: {
      user: UserId;
    };
    answer: Presence;
  };
}
/**
 * `POST /auth/login`.
 */
export interface LoginRequest {
  /**
   * What the user calls this device.
   */
  device?: string | null;
  /**
   * Their password.
   */
  password: string;
  /**
   * Who.
   */
  username: UserName;
}
/**
 * The answer to registering, logging in and refreshing.
 */
export interface SignedIn {
  /**
   * Sent with every request and in `hello`.
   */
  access_token: string;
  /**
   * The life of the access token, in seconds.
   */
  expires_in: number;
  /**
   * For the next access token.
   */
  refresh_token: string;
  /**
   * The session of this device.
   */
  session: SessionBody;
  /**
   * The user's own profile.
   */
  user: UserBody;
}
/**
 * A session: one device's sign-in.
 */
export interface SessionBody {
  /**
   * When it signed in.
   */
  created_at: number;
  /**
   * Whether it is the one that asks.
   */
  current: boolean;
  /**
   * What the user called the device; empty if they did not.
   */
  device: string;
  /**
   * Its id.
   */
  id: SessionId;
  /**
   * When it was last used.
   */
  last_active_at: number;
}
/**
 * `POST /auth/password`.
 */
export interface PasswordChange {
  /**
   * The password until now.
   */
  current_password: string;
  /**
   * The password from now on: 8 to 256 characters.
   */
  new_password: string;
}
/**
 * `POST /auth/refresh`.
 */
export interface RefreshRequest {
  /**
   * The latest refresh token; it is good for one use.
   */
  refresh_token: string;
}
/**
 * `POST /auth/register`.
 */
export interface RegisterRequest {
  /**
   * What the user calls this device.
   */
  device?: string | null;
  /**
   * What others read; the user name if absent.
   */
  display_name?: DisplayName | null;
  /**
   * 8 to 256 characters.
   */
  password: string;
  /**
   * Unique for ever.
   */
  username: UserName;
}
/**
 * `GET /chats`.
 */
export interface ChatsPage {
  /**
   * By last activity, newest first.
   */
  chats: ChatBody[];
  /**
   * The `cursor` of the next page; absent on the last.
   */
  next?: string;
}
/**
 * The fields of a direct chat that shall be there.
 */
export interface CreateDirect {
  /**
   * The other one.
   */
  user: UserId;
}
/**
 * The fields of a new group.
 */
export interface CreateGroup {
  /**
   * What the application keeps with the chat.
   */
  data?: AppData;
  /**
   * What later members may see of the past; everything if absent.
   */
  history?: HistoryVisibility | null;
  /**
   * Its title.
   */
  title: Title;
  /**
   * The first members; the asking user is one without being named.
   *
   * @maxItems 1000
   */
  users?: UserId[];
}
/**
 * `PATCH /chats/{id}`: absent fields stay.
 */
export interface ChatPatch {
  /**
   * The new data, whole; null or an empty object for none.
   */
  data?: AppData | null;
  /**
   * What later members may see of the past.
   */
  history?: HistoryVisibility;
  /**
   * The new title.
   */
  title?: Title;
}
/**
 * `GET /chats/{id}/members`.
 */
export interface MembersPage {
  /**
   * By rising user id.
   */
  members: MemberBody[];
  /**
   * The `cursor` of the next page; absent on the last.
   */
  next?: string;
}
/**
 * `POST /chats/{id}/members`.
 */
export interface AddMembers {
  /**
   * Whom.
   *
   * @minItems 1
   * @maxItems 1000
   */
  users: UserId[];
}
/**
 * `PATCH /chats/{id}/members/{user}`.
 */
export interface MemberPatch {
  /**
   * The new role; `owner` hands the group over.
   */
  role: Role;
}
/**
 * `GET /chats/{id}/messages`.
 */
export interface MessagesPage {
  /**
   * The state includes every event up to this seq: only later ones change it.
   */
  at: number;
  /**
   * Whether there are messages above.
   */
  has_after: boolean;
  /**
   * Whether there are messages below.
   */
  has_before: boolean;
  /**
   * In their current state, ascending by seq.
   */
  messages: MessageBody[];
}
/**
 * `POST /chats/{id}/messages`; the `Idempotency-Key` header is the event key.
 */
export interface PostMessage {
  /**
   * The seq the client had applied at the first attempt; 0 without a cursor.
   */
  applied?: number;
  /**
   * What.
   */
  body: PostableBody;
  /**
   * The message it answers.
   */
  reply_to?: number | null;
}
/**
 * The answer to whatever entered a log.
 */
export interface Posted {
  /**
   * Where.
   */
  chat: ChatId;
  /**
   * Whether an earlier attempt of the key had stored it.
   */
  duplicate: boolean;
  /**
   * Its public id.
   */
  id: EventId;
  /**
   * Its time.
   */
  sent_at: number;
  /**
   * Its position.
   */
  seq: number;
}
/**
 * `PATCH /chats/{id}/messages/{seq}`; the `Idempotency-Key` header is the event key.
 */
export interface EditMessage {
  /**
   * The seq the client had applied at the first attempt; 0 without a cursor.
   */
  applied?: number;
  /**
   * The new body.
   */
  body: PostableBody;
}
/**
 * `GET /chats/{id}/messages/{seq}/receipts`.
 */
export interface ReceiptsPage {
  /**
   * The `cursor` of the next page; absent on the last.
   */
  next?: string;
  /**
   * By rising user id, without the author.
   */
  receipts: ReceiptBody[];
}
/**
 * How far a message got with one member.
 */
export interface ReceiptBody {
  /**
   * How far.
   */
  status: MessageStatus;
  /**
   * Who.
   */
  user: UserId;
}
/**
 * `PUT /chats/{id}/messages/{seq}/status`. Answered with [`crate::WireMarks`].
 */
export interface MarkRequest {
  /**
   * Which mark.
   */
  status: MarkWord;
}
/**
 * `PATCH /me`: absent fields stay.
 */
export interface ProfilePatch {
  /**
   * The new picture; null for none.
   */
  avatar_url?: string | null;
  /**
   * The new data, whole; null or an empty object for none.
   */
  data?: AppData | null;
  /**
   * The new display name.
   */
  display_name?: DisplayName;
}
/**
 * What others may see of the user: `GET /me/privacy`, and the answer to [`PrivacyPatch`].
 */
export interface PrivacyBody {
  /**
   * Who may see when the user was last connected.
   */
  last_seen: Audience;
}
/**
 * `PATCH /me/privacy`: absent fields stay.
 */
export interface PrivacyPatch {
  /**
   * Who may see when the user was last connected.
   */
  last_seen?: Audience;
}
/**
 * `PUT /me/status`.
 */
export interface StatusRequest {
  /**
   * The status for all of the user's devices.
   */
  status: ChosenStatus;
}
/**
 * `POST /presence`.
 */
export interface PresenceQuery {
  /**
   * Whose.
   *
   * @maxItems 500
   */
  users: UserId[];
}
/**
 * The answer to [`PresenceQuery`].
 */
export interface PresenceBody {
  /**
   * In the order asked.
   */
  presence: Presence[];
}
/**
 * `POST /reports`: about a user, a chat, or a message named by chat and seq.
 */
export interface ReportRequest {
  /**
   * The chat, or the chat of the message.
   */
  chat?: ChatId | null;
  /**
   * More in words.
   */
  note?: string | null;
  /**
   * Why.
   */
  reason: ReportReason;
  /**
   * The message.
   */
  seq?: number | null;
  /**
   * The user.
   */
  user?: UserId | null;
}
/**
 * The answer to [`ReportRequest`].
 */
export interface ReportAccepted {
  /**
   * Names the report to operators.
   */
  id: ReportId;
}
/**
 * `GET /sessions`.
 */
export interface SessionsBody {
  /**
   * All that live.
   */
  sessions: SessionBody[];
}
/**
 * `GET /users`.
 */
export interface UsersPage {
  /**
   * The `cursor` of the next page; absent on the last.
   */
  next?: string;
  /**
   * By rising user name.
   */
  users: UserBody[];
}
/**
 * `GET /users/{user}/block`.
 */
export interface BlockBody {
  /**
   * Whether the asking user has blocked that one.
   */
  blocked: boolean;
}
/**
 * The body of every failed HTTP request (RFC 9457).
 */
export interface Problem {
  /**
   * Of an unknown outcome: the `applied` to retry the key with, if it was raised.
   */
  applied?: number;
  /**
   * What went wrong.
   */
  code: ErrorCode;
  /**
   * What is wrong this time and what to do.
   */
  detail: string;
  /**
   * The wrong field, as a path: `body.text`.
   */
  field?: string;
  /**
   * Of a reused key: the id of what it stands for.
   */
  id?: EventId;
  /**
   * For what enters a log: whether this attempt may be stored.
   */
  outcome?: Outcome;
  /**
   * When to try again.
   */
  retry: Retry;
  /**
   * How long to wait first.
   */
  retry_after_ms?: number;
  /**
   * Of a reused key: the seq of what it stands for.
   */
  seq?: number;
  /**
   * The HTTP status.
   */
  status: number;
  /**
   * The code in words.
   */
  title: string;
  /**
   * A name of the problem as a URI: `urn:parlour:error:` and the code.
   */
  type: string;
}

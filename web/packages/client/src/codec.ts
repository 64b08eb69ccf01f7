/**
 * Bytes to frames and back, in both encodings.
 *
 * A frame of unknown type, or without a field its type needs, reads as `undefined`: the client ignores it. An event is
 * readable whatever its kind says, because the cursor has to move past it.
 */

import { decode, encode } from "@msgpack/msgpack";
import type { ClientFrame, ServerFrame } from "./wire.js";

export type Encoding = "json" | "msgpack";

/** The subprotocol that names an encoding to the server. */
export function subprotocol(encoding: Encoding): string {
  return `parlour.v1.${encoding}`;
}

/** The bytes of a client's frame. */
export function encodeFrame(frame: ClientFrame, encoding: Encoding): string | Uint8Array<ArrayBuffer> {
  return encoding === "json" ? JSON.stringify(frame) : encode(frame, { ignoreUndefined: true });
}

/** The server's frame in a message of the socket; `undefined` if this client does not understand it. */
export function decodeFrame(data: unknown): ServerFrame | undefined {
  try {
    return readFrame(typeof data === "string" ? JSON.parse(data) : decodeBinary(data));
  } catch {
    return undefined;
  }
}

function decodeBinary(data: unknown): unknown {
  if (data instanceof ArrayBuffer) return decode(new Uint8Array(data));
  return data instanceof Uint8Array ? decode(data) : undefined;
}

type Check = (value: unknown) => boolean;
type Fields = Record<string, Check>;

const text: Check = (value) => typeof value === "string";
const count: Check = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const flag: Check = (value) => typeof value === "boolean";
const maybe = (check: Check): Check => (value) => value === undefined || value === null || check(value);
const list = (check: Check): Check => (value) => Array.isArray(value) && value.every(check);
const map = (check: Check): Check => (value) => isObject(value) && Object.values(value).every(check);
const fields = (shape: Fields): Check => (value) =>
  isObject(value) && Object.entries(shape).every(([name, check]) => check(value[name]));

const user = fields({ id: text, username: text, display_name: text });
const marks = fields({ delivered: count, read: count });
const presence = fields({ user: text, status: text, version: count, last_seen: maybe(count) });
const message: Fields = { chat: text, seq: count, id: text, author: text, kind: text, sent_at: count };
const member = fields({ user: text, role: text, delivered: count, read: count });
const chat = fields({
  id: text, type: text, role: text, head: count, read: count, delivered: count, unread: count, updated_at: count,
  member_count: count, title: maybe(text), last_message: maybe(fields(message)), members: maybe(list(member)),
});

/** What each type cannot do without. */
const SHAPES: Record<Exclude<ServerFrame["type"], "chat">, Fields> = {
  welcome: {
    me: user, server_time: count, heartbeat_ms: count, token_expires_at: count,
    limits: fields({ watch_users: count, watch_chats: count, page_messages: count }),
  },
  marks: { chats: map(marks) },
  event: message,
  receipt: { chat: text, user: text, delivered: count, read: count },
  receipt_counts: { chat: text, seq: count, delivered_count: count, read_count: count },
  ready: {},
  synced: {},
  sent: { chat: text, seq: count, id: text, sent_at: count },
  cancelled: {},
  ok: { presence: maybe(list(presence)), token_expires_at: maybe(count) },
  page: { messages: list(fields(message)), has_before: flag, has_after: flag, at: count },
  pong: { server_time: count },
  typing: { chat: text, user: text, on: flag },
  presence: { user: text, status: text, version: count, last_seen: maybe(count) },
  resync: { chat: maybe(text) },
  too_long: { chat: text, head: count },
  reconnect: { after_ms: count },
  error: { code: text, message: text, retry: text, retry_after_ms: maybe(count), applied: maybe(count) },
};

/** A decoded object as a frame. */
export function readFrame(value: unknown): ServerFrame | undefined {
  const plain = withoutNulls(value);
  if (!isObject(plain) || typeof plain.type !== "string" || !maybe(text)(plain.ref)) return undefined;
  const shape = plain.type === "chat" ? chatShape(plain.change) : shapeOf(plain.type);
  return shape !== undefined && fields(shape)(plain) ? (plain as unknown as ServerFrame) : undefined;
}

function shapeOf(type: string): Fields | undefined {
  return Object.hasOwn(SHAPES, type) ? SHAPES[type as keyof typeof SHAPES] : undefined;
}

function chatShape(change: unknown): Fields | undefined {
  if (change === "joined" || change === "changed") return { chat };
  return change === "left" ? { chat: fields({ id: text }) } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** In the protocol's own fields `null` means absent. What applications keep (`body`, `data`, `params`) stays as it is. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner !== null) kept[name] = name === "body" || name === "data" ? inner : withoutNulls(inner);
  }
  return kept;
}

/** Keys: UUIDs of version 7, whose first 48 bits are the time they were made. */

import type { Timestamp } from "./api.js";

/** The oldest key a server takes, in milliseconds. */
const AGE_MAX = 13 * 24 * 3600 * 1000;
/** How far ahead of the server's clock a key may be, in milliseconds. */
const AHEAD_MAX = 10 * 60 * 1000;

/** A key made at `time`. */
export function newKey(time: Timestamp): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  const clock = Math.max(0, Math.floor(time)).toString(16).padStart(12, "0").slice(-12);
  const random = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = (8 + (Number.parseInt(random.charAt(3), 16) & 3)).toString(16);
  return `${clock.slice(0, 8)}-${clock.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(8, 20)}`;
}

/** Whether a server whose clock shows `now` still takes this key. */
export function isTimely(key: string, now: Timestamp): boolean {
  const time = Number.parseInt(key.slice(0, 8) + key.slice(9, 13), 16);
  return time >= now - AGE_MAX && time <= now + AHEAD_MAX;
}

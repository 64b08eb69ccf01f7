/**
 * How fast this client may send what it sends by itself: as fast as answers come, until the server says that this is too
 * fast. The first `rate_limited` sets a pace, each further one halves it, and a while without one lifts it.
 */

import type { Timestamp } from "../api.js";

/** The pause between two frames after the first refusal: half of what servers usually allow. */
const INTERVAL_FIRST = 40;
const INTERVAL_MAX = 2_000;
/** After this long without a refusal there is no pace again. */
const LIFTED_AFTER = 30_000;

/** The pace of one client, over all its connections. */
export class Pace {
  private interval: number | undefined;
  private refusedAt: Timestamp = 0;
  /** When the next frame may go. */
  next: Timestamp = 0;

  /** Takes one frame at `now`; `false` if it must wait. */
  take(now: Timestamp): boolean {
    if (this.next > now) return false;
    if (now - this.refusedAt > LIFTED_AFTER) this.interval = undefined;
    if (this.interval !== undefined) this.next = now + this.interval;
    return true;
  }

  /**
   * A frame was refused as one too many; nothing goes for `wait`, and more slowly then. Frames that were on their way
   * together are refused together, which counts once.
   */
  slowDown(now: Timestamp, wait: number): void {
    const before = this.interval;
    const again = before !== undefined && now - this.refusedAt > before;
    const interval = before === undefined ? INTERVAL_FIRST : again ? before * 2 : before;
    this.interval = Math.min(interval, INTERVAL_MAX);
    this.refusedAt = now;
    this.next = Math.max(this.next, now + Math.max(wait, interval));
  }
}

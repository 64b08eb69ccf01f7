/** Who and what is on the screen: presence by version, and typing that ends. */

import type { Id, Timestamp } from "../api.js";
import type { Frame, WirePresence } from "../wire.js";

/** Typing that was not taken back ends this long after it began: a little after the server should have said so. */
const TYPING_LASTS = 7_000;
/** Typists remembered at once; of more, the ends come from the server alone. */
const TYPISTS_MAX = 1_000;

interface Typing { notice: Frame<"typing">; ends: Timestamp }

/** What the application watches, and what is known of it. */
export class Watching {
  /** The screen, if there is one. */
  screen: { users: Id[]; chats: Id[] } | undefined;
  private readonly versions = new Map<Id, number>();
  private readonly typists = new Map<string, Typing>();

  /** Replaces the screen. Gives the ends of the typing that nobody will hear of any more. */
  set(users: Id[], chats: Id[]): Frame<"typing">[] {
    this.screen = { users, chats };
    for (const user of this.versions.keys()) if (!users.includes(user)) this.versions.delete(user);
    return this.endTyping(({ notice }) => !chats.includes(notice.chat));
  }

  /** A new connection answers `watch` anew: whatever it says is news. */
  forgetVersions(): void {
    this.versions.clear();
  }

  /**
   * Whether this presence is news: of a watched user, and newer than what is known. That nothing is known any more is news
   * whatever its version, and whatever comes after it is newer.
   */
  isNews(presence: WirePresence): boolean {
    if (!this.screen?.users.includes(presence.user)) return false;
    if (presence.status === "unknown") {
      this.versions.delete(presence.user);
      return true;
    }
    const known = this.versions.get(presence.user);
    if (known !== undefined && presence.version <= known) return false;
    this.versions.set(presence.user, presence.version);
    return true;
  }

  /** Notes when this typing ends. */
  typing(now: Timestamp, notice: Frame<"typing">): void {
    const name = `${notice.chat} ${notice.user}`;
    if (!notice.on) this.typists.delete(name);
    else if (this.typists.size < TYPISTS_MAX || this.typists.has(name)) {
      this.typists.set(name, { notice, ends: now + TYPING_LASTS });
    }
  }

  /** The typing that has ended without the server saying so. */
  endedTyping(now: Timestamp): Frame<"typing">[] {
    return this.endTyping(({ ends }) => ends <= now);
  }

  private endTyping(hasEnded: (typing: Typing) => boolean): Frame<"typing">[] {
    const ended = [...this.typists].filter(([, typing]) => hasEnded(typing));
    for (const [name] of ended) this.typists.delete(name);
    return ended.map(([, { notice }]) => ({ ...notice, on: false }));
  }

  /** When the next typing ends. */
  get nextEnd(): Timestamp | undefined {
    return earliest([...this.typists.values()].map(({ ends }) => ends));
  }
}

/** The earliest of times some of which may be missing. */
export function earliest(times: (Timestamp | undefined)[]): Timestamp | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

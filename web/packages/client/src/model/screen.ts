/** Who and what is watched: the union of what is subscribed, told to the server once per change; and what comes of it. */

import type { Id, Presence } from "../api.js";
import { type Announcer, Cell, Computed } from "../readable.js";
import type { Frame, WirePresence } from "../wire.js";

const NOBODY: readonly Id[] = [];

/** Changes within this time are told together, in milliseconds: scrolling a list changes a lot. */
const TOGETHER = 50;

/** What may be watched at once; the server tells. */
interface WatchLimits { users: number; chats: number }

/** Presence and typing. */
export class Screen {
  private readonly presences = new Map<Id, Cell<Presence>>();
  private readonly typists = new Map<Id, Set<Id>>();
  private readonly typing = new Map<Id, Computed<readonly Id[]>>();
  private readonly users = new Set<Id>();
  private readonly chats = new Set<Id>();
  private limits: WatchLimits = { users: 500, chats: 100 };
  private scheduled = false;

  /** `watch` tells the server. */
  constructor(private readonly announcer: Announcer, private readonly watch: (users: Id[], chats: Id[]) => void) {}

  /** One user's presence; watched while somebody listens. */
  presence(user: Id): Cell<Presence> {
    let cell = this.presences.get(user);
    if (!cell) {
      cell = new Cell<Presence>(this.announcer, { user, status: "unknown" }, (listening) => this.want(this.users, user, listening));
      this.presences.set(user, cell);
    }
    return cell;
  }

  /** Who types in a chat; watched while somebody listens. */
  typingIn(chat: Id): Computed<readonly Id[]> {
    let cell = this.typing.get(chat);
    if (!cell) {
      const compute = () => [...(this.typists.get(chat) ?? NOBODY)];
      cell = new Computed<readonly Id[]>(this.announcer, compute, (listening) => this.want(this.chats, chat, listening));
      this.typing.set(chat, cell);
    }
    return cell;
  }

  /** Takes over the server's limits. What is on the screen is told again if they make a difference to it. */
  setLimits(limits: WatchLimits): void {
    const cut = ({ users, chats }: WatchLimits): string => `${Math.min(this.users.size, users)} ${Math.min(this.chats.size, chats)}`;
    const isOther = cut(limits) !== cut(this.limits);
    this.limits = limits;
    if (isOther) this.tell();
  }

  /** Somebody's presence came. */
  takePresence({ user, status, last_seen }: WirePresence): void {
    this.presences.get(user)?.set({ user, status, ...(last_seen !== undefined && { lastSeen: last_seen }) });
  }

  /** Somebody types, or stopped. */
  takeTyping({ chat, user, on }: Frame<"typing">): void {
    const typists = this.typists.get(chat) ?? new Set();
    if (typists.has(user) === on) return;
    if (on) typists.add(user);
    else typists.delete(user);
    this.typists.set(chat, typists);
    this.typing.get(chat)?.changed();
  }

  /** There is no connection: nobody knows who is there, and who types. */
  lost(): void {
    for (const [user, cell] of this.presences) if (cell.value.status !== "unknown") cell.set({ user, status: "unknown" });
    for (const [chat, typists] of this.typists) {
      if (typists.size === 0) continue;
      typists.clear();
      this.typing.get(chat)?.changed();
    }
  }

  private want(set: Set<Id>, id: Id, wanted: boolean): void {
    if (wanted) set.add(id);
    else set.delete(id);
    this.tell();
  }

  /** Tells the server, once for everything that changes together. */
  private tell(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      // Of too many, the last ones that came onto the screen.
      this.watch([...this.users].slice(-this.limits.users), [...this.chats].slice(-this.limits.chats));
    }, TOGETHER);
  }
}

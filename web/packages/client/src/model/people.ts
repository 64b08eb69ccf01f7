/** Who users are: from the device at once, and fetched when they are not known or were asked for long ago. */

import type { Id, Problem, Timestamp, User } from "../api.js";
import { toUser } from "../convert.js";
import { isParlourError, NOT_CONNECTED } from "../problem.js";
import { type Announcer, Computed } from "../readable.js";
import type { SavedUser } from "../store.js";
import type { WireUser } from "../wire.js";
import { Pauses } from "./pauses.js";

/** After this long a user on the screen is fetched again, in milliseconds. */
const FRESH_FOR = 10 * 60_000;
/** Calls at once. */
const CALLS_MAX = 4;

/** What people need of the client. */
export interface Directory {
  now(): Timestamp;
  fetch(id: Id): Promise<WireUser>;
  keep(users: SavedUser[]): void;
  /** Somebody is known differently than before. */
  changed(id: Id): void;
  /** Whether fetching makes sense now. */
  isOnline(): boolean;
}

/** All users who are known, or asked for. */
export class People {
  private readonly known = new Map<Id, SavedUser>();
  private readonly cells = new Map<Id, Computed<User | undefined>>();
  private readonly wanted = new Set<Id>();
  private readonly open = new Set<Id>();
  private readonly pauses = new Pauses(() => this.pump());

  constructor(private readonly announcer: Announcer, private readonly directory: Directory) {}

  /** Takes over what was kept. */
  restore(users: SavedUser[]): void {
    for (const saved of users) this.put(saved);
  }

  /** A user, who is fetched if need be. */
  user(id: Id): Computed<User | undefined> {
    let cell = this.cells.get(id);
    if (!cell) {
      cell = new Computed(this.announcer, () => this.known.get(id)?.user);
      this.cells.set(id, cell);
    }
    this.want(id);
    return cell;
  }

  /** Takes over users that an answer brought along, and keeps them. */
  learn(users: WireUser[]): User[] {
    const fetchedAt = this.directory.now();
    const saved = users.map((user) => ({ user: toUser(user), fetchedAt }));
    for (const each of saved) this.put(each);
    if (saved.length > 0) this.directory.keep(saved);
    return saved.map(({ user }) => user);
  }

  /** Fetches those who are asked for and not known: the connection is there. */
  catchUp(): void {
    this.pauses.reset();
    for (const id of this.cells.keys()) this.want(id);
  }

  /** Everything is gone. */
  forget(): void {
    const ids = [...this.known.keys()];
    this.known.clear();
    this.end();
    for (const id of ids) this.cells.get(id)?.changed();
  }

  /** Nobody is fetched any more. */
  end(): void {
    this.wanted.clear();
    this.pauses.reset();
  }

  private put(saved: SavedUser): void {
    const before = this.known.get(saved.user.id);
    const isSame = before !== undefined && JSON.stringify(before.user) === JSON.stringify(saved.user);
    this.known.set(saved.user.id, isSame ? { ...before, fetchedAt: saved.fetchedAt } : saved);
    if (isSame) return;
    this.cells.get(saved.user.id)?.changed();
    this.directory.changed(saved.user.id);
  }

  private want(id: Id): void {
    const saved = this.known.get(id);
    if (this.open.has(id) || (saved && saved.fetchedAt + FRESH_FOR > this.directory.now())) return;
    this.wanted.add(id);
    this.pump();
  }

  private pump(): void {
    for (const id of this.wanted) {
      if (!this.directory.isOnline() || this.pauses.over || this.open.size >= CALLS_MAX) return;
      this.wanted.delete(id);
      this.open.add(id);
      void this.ask(id);
    }
  }

  private async ask(id: Id): Promise<void> {
    try {
      this.learn([await this.directory.fetch(id)]);
      this.pauses.reset();
    } catch (error) {
      // Anybody else who cannot be fetched stays unknown; the next connection, or who asks again, tries again.
      if (isParlourError(error)) this.refused(id, error.problem);
    } finally {
      this.open.delete(id);
      this.pump();
    }
  }

  /** A server that is busy, or without its store, is asked again after a pause. */
  private refused(id: Id, { code, retry, retryAfterMs }: Problem): void {
    if (code === NOT_CONNECTED.code || (retry !== "later" && retry !== "now")) return;
    this.wanted.add(id);
    if (!this.pauses.over) this.pauses.begin(retryAfterMs);
  }
}

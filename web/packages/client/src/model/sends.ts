/**
 * What is not in the log yet, of every tab.
 *
 * A send whose `sent` came before its event stays here until the event is applied: so it goes in the same change in which
 * its message appears.
 */

import type { Id, Pending, Seq, Timestamp } from "../api.js";
import type { Machine } from "../machine/machine.js";
import { pendingOf } from "../machine/outbox.js";
import type { Output } from "../machine/state.js";
import { type Announcer, Computed } from "../readable.js";
import type { Outgoing } from "../store.js";

const NONE: readonly Pending[] = [];

/** The sends of all chats. */
export class Sends {
  private readonly own = new Map<Id, Pending[]>();
  /** Of other tabs, by name. */
  private readonly foreign = new Map<string, Outgoing>();
  /** Settled as `sent`, by name, until the chat's cursor gets there. */
  private readonly arriving = new Map<string, { pending: Pending; seq: Seq }>();
  private readonly lists = new Map<Id, Computed<readonly Pending[]>>();

  constructor(private readonly announcer: Announcer, private readonly machine: () => Machine, private readonly changed: (chat: Id) => void) {}

  /** What is shown of one chat, in order. */
  in(chat: Id): Computed<readonly Pending[]> {
    let list = this.lists.get(chat);
    if (!list) {
      list = new Computed(this.announcer, () => this.compute(chat));
      this.lists.set(chat, list);
    }
    return list;
  }

  /** When something was last written in a chat that is not in the log yet; 0 if nothing. */
  latestIn(chat: Id): Timestamp {
    return this.in(chat).value.reduce((latest, { createdAt }) => Math.max(latest, createdAt), 0);
  }

  /** The owner of another tab's send. */
  ownerOf(name: string): string | undefined {
    return this.foreign.get(name)?.owner;
  }

  /** Another tab's send is there, changed, or (`undefined`) gone. */
  learn(name: string, outgoing: Outgoing | undefined): void {
    const chat = (outgoing ?? this.foreign.get(name))?.chat;
    if (outgoing) this.foreign.set(name, outgoing);
    else this.foreign.delete(name);
    if (chat !== undefined) this.touch(chat);
  }

  /** Of the sends of a tab that is gone only these are in the store: it had no time to tell of the others. */
  keepOf(owner: string, names: ReadonlySet<string>): void {
    for (const [name, outgoing] of this.foreign) if (outgoing.owner === owner && !names.has(name)) this.learn(name, undefined);
  }

  /** The sends of closed tabs that this one has taken over are its own now. */
  adopted(outbox: Outgoing[]): void {
    for (const { name } of outbox) this.foreign.delete(name);
  }

  /** Takes over what the machine has now. `cursor`: how far a chat is applied. */
  absorb(out: Output, cursor: (chat: Id) => Seq | undefined): void {
    for (const told of out.told) {
      if (told.type === "event" && told.event.key !== undefined) this.foreignArrived(told.event.key);
      if (told.type !== "settled" || "error" in told.result) continue;
      const pending = this.own.get(told.chat)?.find(({ key }) => key === told.name);
      if (pending) this.arriving.set(told.name, { pending, seq: told.result.seq });
    }
    for (const [name, { pending, seq }] of this.arriving) {
      const applied = cursor(pending.chat);
      if (applied !== undefined && applied < seq) continue;
      this.arriving.delete(name);
      this.touch(pending.chat);
    }
    for (const chat of out.posted) this.refresh(chat);
  }

  /** Reads a chat's sends from the machine. */
  refresh(chat: Id): void {
    this.own.set(chat, this.machine().pendingIn(chat));
    this.touch(chat);
  }

  /** Everything is gone. */
  forget(): void {
    const chats = [...this.lists.keys()];
    for (const each of [this.own, this.foreign, this.arriving]) each.clear();
    for (const chat of chats) this.touch(chat);
  }

  /** The message of another tab's send is here. */
  private foreignArrived(key: string): void {
    for (const [name, outgoing] of this.foreign) if (outgoing.key === key) this.learn(name, undefined);
  }

  private touch(chat: Id): void {
    this.lists.get(chat)?.changed();
    this.changed(chat);
  }

  private compute(chat: Id): readonly Pending[] {
    const arriving = [...this.arriving.values()].map(({ pending }) => pending).filter((pending) => pending.chat === chat);
    const own = [...arriving, ...(this.own.get(chat) ?? [])];
    // While one is taken over it is known on both sides.
    const isOwn = (name: string) => own.some(({ key }) => key === name);
    const foreign = [...this.foreign.values()].filter((outgoing) => outgoing.chat === chat && !isOwn(outgoing.name));
    const all = [...own, ...foreign.map((outgoing) => pendingOf(outgoing, outgoing.failed ? "failed" : "queued", outgoing.failed))];
    return all.length === 0 ? NONE : all.sort((a, b) => a.createdAt - b.createdAt);
  }
}

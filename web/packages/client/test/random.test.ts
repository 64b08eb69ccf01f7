/**
 * Whatever the server, the network and the program's own restarts do: once things heal, the application was told exactly
 * the log, in order and once, and every send is settled as the log says.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "./support/making.js";
import { type Fate, type Push, World } from "./support/world.js";

const CASES = 150;
const FATES: Fate[] = [
  "stored", "stored", "stored", "stored", "stored", "stored", "stored_answer_lost", "lost", "unknown_stored", "unknown_late", "busy", "too_fast", "forbidden", "key_time",
];
const PUSHES: Push[] = ["once", "once", "once", "once", "twice", "never", "late", "late"];
/** Every way a connection ends after which the client comes back. */
const ENDS = [undefined, undefined, undefined, 1000, 1002, 1003, 1007, 1009, 1012, 4008, 4009, 4012, 4013, 4077];

type Act = (world: World, chance: Chance) => Promise<unknown>;

class Chance {
  constructor(readonly next: () => number) {}
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T;
  }
  chat(): string {
    return this.of(["8", "9"]);
  }
}

/** What may happen, and how often. */
const ACTS: [number, Act][] = [
  [8, (world, chance) => world.say(chance.chat(), chance.of(["message", "from_the_future"]), chance.of(PUSHES))],
  [5, (world, chance) => world.post(chance.chat())],
  [1, (world, chance) => world.cancel(chance.below(1_000))],
  [14, (world, chance) => world.serve(chance.of(FATES))],
  [3, (world, chance) => world.pushLate(chance.below(1_000))],
  [1, (world) => world.storeLate()],
  [1, (world, chance) => tooLong(world, chance.chat())],
  [1, (world, chance) => world.tellAll({ type: "resync", reason: "test", ...(chance.next() < 0.5 && { chat: chance.chat() }) })],
  [1, (world, chance) => world.close(chance.of(ENDS))],
  [1, (world, chance) => world.tellAll({ type: "reconnect", after_ms: chance.below(3_000) })],
  [1, (world) => world.restart()],
  [1, (world) => world.input({ type: "hurry" })],
  [4, (world, chance) => pass(world, chance.below(40_000))],
];
const WEIGHTED: Act[] = ACTS.flatMap(([weight, act]) => Array<Act>(weight).fill(act));

function tooLong(world: World, chat: string): Promise<void> {
  return world.tellAll({ type: "too_long", chat, head: world.head(chat), oldest: 1, reason: "retention" });
}

/** Time passes; what falls due on the way happens when it does. */
async function pass(world: World, time: number): Promise<void> {
  const end = world.bench.now + time;
  for (let due = world.bench.machine.nextWake; due !== undefined && due <= end; due = world.bench.machine.nextWake) {
    world.bench.now = Math.max(world.bench.now, due);
    await world.input({ type: "wake" });
  }
  world.bench.now = end;
}

/** Everything works from here on; sends that only the user can settle are cancelled. */
async function heal(world: World): Promise<void> {
  for (let which = 0; which < world.texts.size; which += 1) await world.cancel(which);
  for (let round = 0; ; round += 1) {
    assert.ok(round < 200, "it never gets quiet");
    await world.storeLate();
    await world.pushLate(0);
    while (await world.serve("stored"));
    await pass(world, 10_000);
    await world.tellAll({ type: "resync", reason: "test" });
    while (await world.serve("stored"));
    const isLevel = Object.keys(world.logs).every((chat) => world.told.get(chat) === world.head(chat));
    if (world.texts.size === world.ends.size && isLevel && round > 3) return;
  }
}

async function check(world: World): Promise<void> {
  const said = Object.values(world.logs).flat();
  for (const [name, text] of world.texts) {
    const end = world.ends.get(name);
    const stored = said.filter(({ body }) => body?.text === text).length;
    assert.equal(stored, end && "error" in end ? 0 : 1, `${text}: ${JSON.stringify(end)}`);
  }
  const { progress } = await world.store.load();
  assert.deepEqual(new Map([...progress].map(([chat, { applied }]) => [chat, applied])), world.told);
  for (const [chat, last] of world.told) await checkKept(world, chat, last);
}

async function checkKept(world: World, chat: string, last: number): Promise<void> {
  const kept = await world.store.messages(chat, { limit: 10_000 });
  const lines = (world.logs[chat] ?? []).filter(({ seq, kind }) => seq >= kept.from && seq <= last && kind === "message");
  assert.deepEqual(kept.messages.map(({ message }) => message.seq), lines.map(({ seq }) => seq), "what is kept has no hole");
}

test("the application is told the log, and every send ends as the log says", async () => {
  for (let seed = 1; seed <= CASES; seed += 1) {
    const chance = new Chance(seeded(seed));
    const world = await World.make();
    try {
      for (let count = 1 + chance.below(120); count > 0; count -= 1) await chance.of(WEIGHTED)(world, chance);
      await heal(world);
      await check(world);
    } catch (error) {
      throw new Error(`with seed ${seed}`, { cause: error });
    }
  }
});

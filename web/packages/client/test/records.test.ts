/** The chat list: what each thing that is told makes of a chat's record. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Told } from "../src/machine/state.js";
import { Chats } from "../src/model/chats.js";
import { isUnreadUncertain, reachedIn, recordAfter, unreadOf, withReached } from "../src/model/records.js";
import { Announcer } from "../src/readable.js";
import { type ChatRecord, emptyBatch } from "../src/store.js";
import type { WireEvent } from "../src/wire.js";
import { edit, event, ME, OTHER, record, START, summary, textOf } from "./support/making.js";

function after(before: ChatRecord | undefined, ...told: Told[]): ChatRecord {
  const end = told.reduce<ChatRecord | undefined>((each, next) => recordAfter(each, next, ME), before);
  assert.ok(end);
  return end;
}

const tell = (said: WireEvent): Told => ({ type: "event", event: said });

test("a summary is taken over, with the other one of a direct chat and the marks of the others", () => {
  const members = [ME, OTHER].map((user) => ({ user, role: "member" as const, joined_at: START, delivered: user === OTHER ? 3 : 9, read: 2 }));
  const made = after(undefined, { type: "chat_joined", chat: summary("9", 9, { type: "direct", members, unread: 4, read: 5, delivered: 9 }) });
  assert.deepEqual([made.peer, made.marks, unreadOf(made), made.at], [OTHER, { [OTHER]: { delivered: 3, read: 2 } }, 4, 9]);
});

test("messages count as unread until they are read; events that are in the summary do not count again", () => {
  const start = after(undefined, { type: "chat_joined", chat: summary("9", 9, { unread: 2, read: 7 }) });
  assert.equal(after(start, tell(event("9", 9))), start);
  const grown = after(start, tell(event("9", 10)), tell(event("9", 11)), tell(event("9", 12, ME, { kind: "from_the_future" })));
  assert.deepEqual([unreadOf(grown), grown.at], [4, 12]);
  const partly = after(grown, { type: "read", chat: "9", seq: 10 });
  assert.deepEqual([unreadOf(partly), partly.read], [1, 10]);
  assert.equal(unreadOf(after(partly, { type: "read", chat: "9", seq: 12 })), 0);
  assert.equal(after(partly, { type: "read", chat: "9", seq: 3 }), partly, "never lower");
});

test("only the server knows how many are left when the mark lies among those it counted", () => {
  const start = after(undefined, { type: "chat_joined", chat: summary("9", 9, { unread: 6, read: 3 }) });
  const read = after(start, { type: "read", chat: "9", seq: 5 });
  assert.ok(isUnreadUncertain(read, start));
  assert.ok(!isUnreadUncertain(after(start, { type: "read", chat: "9", seq: 9 }), start));
  const told = after(read, { type: "chat_changed", chat: summary("9", 9, { unread: 4, read: 5 }) });
  assert.equal(unreadOf(told), 4);
});

test("thousands of unread messages are a number", () => {
  const start = record("9", 0);
  const all = Array.from({ length: 1_300 }, (_, place) => tell(event("9", place + 1)));
  const grown = after(start, ...all);
  assert.equal(unreadOf(grown), 1_300);
  assert.ok(grown.unread.seqs.length <= 500);
  assert.equal(unreadOf(after(grown, { type: "read", chat: "9", seq: 1_300 })), 0);
});

test("the last line is shown in its current state", () => {
  const said = after(record("9", 4), tell(event("9", 5)));
  assert.equal(textOf(said.lastMessage), "message 5");
  const mended = after(said, tell(edit("9", 6, 5, "mended")), tell(edit("9", 7, 2, "another")));
  assert.equal(textOf(mended.lastMessage), "mended");
  const gone = after(mended, tell(event("9", 8, OTHER, { kind: "message_deleted", target: 5 })));
  assert.deepEqual(gone.lastMessage?.content, { deleted: true });
  assert.equal(gone.updatedAt, said.updatedAt, "a deletion is no activity");
});

test("members, roles and titles follow the events", () => {
  const start = record("9", 1, { memberCount: 2, role: "owner", marks: { [OTHER]: { delivered: 1, read: 1 } } });
  const joined = after(start, tell(event("9", 2, ME, { kind: "members_added", users: [{ user: "3", role: "member" }] })));
  assert.deepEqual([joined.memberCount, Object.keys(joined.marks)], [3, [OTHER, "3"]]);
  const left = after(joined, tell(event("9", 3, OTHER, { kind: "member_removed", user: OTHER })));
  assert.deepEqual([left.memberCount, Object.keys(left.marks)], [2, ["3"]]);
  const given = after(left, tell(event("9", 4, ME, { kind: "role_changed", user: "3", role: "owner" })));
  assert.equal(given.role, "admin", "who hands a chat over is an admin");
  assert.equal(after(given, tell(event("9", 5, "3", { kind: "chat_changed", title: "Plans" }))).title, "Plans");
});

test("marks only rise, and a summary that comes late lowers none", () => {
  const start = record("9", 9, { marks: { [OTHER]: { delivered: 2, read: 1 } } });
  const risen = after(start, { type: "receipt", chat: "9", user: OTHER, delivered: 5, read: 5 });
  assert.deepEqual(risen.marks[OTHER], { delivered: 5, read: 5 });
  assert.equal(after(risen, { type: "receipt", chat: "9", user: OTHER, delivered: 3, read: 3 }), risen);
  const members = [{ user: OTHER, role: "member" as const, joined_at: START, delivered: 7, read: 4 }];
  const late = after(risen, { type: "chat_changed", chat: summary("9", 8, { members, title: "old" }) });
  assert.deepEqual([late.marks[OTHER], late.title, late.at], [{ delivered: 7, read: 5 }, undefined, 9]);
});

test("in a large chat ticks come from numbers, and from the status that pages tell", () => {
  const counts = (seq: number, delivered: number, read: number): Told => ({ type: "receipt_counts", chat: "9", seq, delivered_count: delivered, read_count: read });
  const start = record("9", 10, { memberCount: 100 });
  const some = after(start, counts(5, 99, 60), counts(7, 40, 0), counts(7, 41, 1));
  assert.deepEqual(some.receipts, [{ seq: 5, delivered: 99, read: 60 }, { seq: 7, delivered: 41, read: 1 }]);
  assert.deepEqual(some.reached, { delivered: 5, read: 0 });
  const many = after(some, ...Array.from({ length: 20 }, (_, place) => counts(20 + place, 0, 0)));
  assert.ok((many.receipts?.length ?? 0) <= 8);
  assert.deepEqual(many.reached, { delivered: 5, read: 0 }, "a newer message takes nothing from an older one");
  const page = [[3, "read"], [5, "delivered"], [7, "sent"], [8, undefined]] as const;
  const told = page.map(([seq, status]) => ({ ...event("9", seq, ME), ...(status && { status }) }));
  assert.deepEqual(reachedIn(told), { delivered: 5, read: 3 });
  assert.equal(withReached(many, { delivered: 4, read: 0 }), many, "never lower");
  assert.deepEqual(withReached(many, reachedIn(told)).reached, { delivered: 5, read: 3 });
});

/** A list of chats that is fed outputs. */
function feed(chats: Chats, ...told: Told[]): void {
  chats.prepare({ batch: emptyBatch(0), told, actions: [], posted: new Set() }, ME);
  chats.absorb();
}

test("the list is sorted by activity, and untouched lines stay the same objects", () => {
  const chats = new Chats(new Announcer(), () => 0);
  feed(chats, ...["7", "8", "9"].map((id): Told => ({ type: "chat_joined", chat: summary(id, 0, { updated_at: START - Number(id) }) })));
  assert.deepEqual(chats.list.value.map(({ id }) => id), ["7", "8", "9"]);
  const [seven] = chats.list.value;
  feed(chats, tell(event("9", 1)));
  assert.deepEqual(chats.list.value.map(({ id }) => id), ["9", "7", "8"]);
  assert.equal(chats.list.value[1], seven);
  const before = chats.list.value;
  feed(chats, { type: "read", chat: "9", seq: 0 });
  assert.equal(chats.list.value, before, "the same array: nothing has changed");
});

test("nothing is shown before it is committed", () => {
  const chats = new Chats(new Announcer(), () => 0);
  const out = { batch: emptyBatch(0), told: [{ type: "chat_joined", chat: summary("9", 0) } as const], actions: [], posted: new Set<string>() };
  chats.prepare(out, ME);
  assert.equal(out.batch.records.get("9")?.id, "9");
  assert.deepEqual(chats.list.value, []);
  chats.absorb();
  chats.list.changed();
  assert.equal(chats.list.value.length, 1);
});

test("a summary that comes while a record is being committed is not lost with it", () => {
  const chats = new Chats(new Announcer(), () => 0);
  const members = (seq: number) => [ME, OTHER].map((user) => ({ user, role: "member" as const, joined_at: START, delivered: seq, read: seq }));
  feed(chats, { type: "chat_joined", chat: summary("9", 1, { members: members(0) }) });
  chats.prepare({ batch: emptyBatch(0), told: [tell(event("9", 2))], actions: [], posted: new Set() }, ME);
  const kept = chats.learn(summary("9", 1, { members: members(1) }), ME);
  chats.absorb();
  assert.deepEqual([chats.record("9")?.at, chats.record("9")?.marks], [2, { [OTHER]: { delivered: 1, read: 1 } }]);
  assert.equal(kept, chats.record("9"), "and what is kept is no older");
});

test("a summary that comes while the chat goes does not bring it back", () => {
  const chats = new Chats(new Announcer(), () => 0);
  feed(chats, { type: "chat_joined", chat: summary("9", 1) });
  chats.prepare({ batch: emptyBatch(0), told: [{ type: "chat_left", chat: "9" }], actions: [], posted: new Set() }, ME);
  assert.equal(chats.learn(summary("9", 1), ME), undefined);
  chats.absorb();
  assert.deepEqual([...chats.ids], []);
});

test("a burst of events computes the list once for those who listen", async () => {
  const chats = new Chats(new Announcer(), () => 0);
  feed(chats, { type: "chat_joined", chat: summary("9", 0) });
  let told = 0;
  chats.list.subscribe(() => {
    told += 1;
  });
  for (let seq = 1; seq <= 100; seq += 1) feed(chats, tell(event("9", seq)));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([told, chats.list.value[0]?.unread], [1, 100]);
});

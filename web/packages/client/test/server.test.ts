/** Two clients and a real server. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { type Client, connect, memoryStore, type Message, type Options, type ParlourError } from "../src/index.js";
import { textOf } from "./support/making.js";
import { noServer, type Server, startServer } from "./support/server.js";
import { until } from "./support/waiting.js";

const LIMIT = { timeout: 30_000 };

describe("with a real server", { skip: noServer, ...LIMIT }, () => {
  let server: Server;
  const open: Client[] = [];
  let names = 0;

  before(async () => {
    server = await startServer();
  });
  after(async () => {
    for (const client of open) await client.close();
    await server?.stop();
  });

  async function client(options: Partial<Options> = {}): Promise<Client> {
    const made = await connect({ url: server.url, webSocket: WebSocket as unknown as typeof globalThis.WebSocket, store: memoryStore(), ...options });
    open.push(made);
    return made;
  }

  async function newUser(options: Partial<Options> = {}): Promise<Client> {
    const made = await client(options);
    names += 1;
    await made.register(`user${names}_${process.pid}`, "correct horse", `User ${names}`);
    await until(made.connection, ({ state }) => state === "ready");
    return made;
  }

  async function pair(options: Partial<Options> = {}) {
    const [ann, bob] = [await newUser(options), await newUser(options)];
    const annChat = await ann.createDirect(bob.me.value?.id ?? "");
    await until(ann.chats, (chats) => chats.some(({ id }) => id === annChat.id));
    await until(bob.chats, (chats) => chats.some(({ id }) => id === annChat.id));
    return { ann, bob, annChat, bobChat: bob.chat(annChat.id) };
  }

  for (const encoding of ["json", "msgpack"] as const) {
    test(`a message goes from one to the other as ${encoding}, and comes back as read`, LIMIT, async () => {
      const { annChat, bobChat } = await pair({ encoding });
      const [mine, theirs] = [annChat.timeline(), bobChat.timeline()];
      await annChat.send("hello");
      const [got] = await until(theirs.messages, (messages) => messages.length > 0 && textOf(messages.at(-1)) === "hello").then((all) => all.slice(-1));
      await until(mine.messages, (messages) => textOf(messages.at(-1)) === "hello");
      await until(mine.pending, (pending) => pending.length === 0);
      assert.equal(bobChat.summary.value?.unread, 1);
      bobChat.markRead(got?.seq ?? 0);
      await until(bobChat.summary, (summary) => summary?.unread === 0);
      const sent = mine.messages.value.at(-1) as Message;
      await until(annChat.marks, () => annChat.ticks(sent).state === "read");
      assert.deepEqual(annChat.ticks(sent), { state: "read", deliveredCount: 1, readCount: 1, of: 1 });
    });
  }

  test("a pending send goes in the same change in which its message appears", LIMIT, async () => {
    const { annChat } = await pair();
    const timeline = annChat.timeline();
    await until(timeline.atEnd, (atEnd) => atEnd);
    const seen: number[] = [];
    const look = () => {
      const shown = timeline.messages.value.filter((message) => textOf(message)?.startsWith("send ")).length;
      seen.push(shown + timeline.pending.value.filter(({ operation }) => operation.type === "send").length);
    };
    const stops = [timeline.messages.subscribe(look), timeline.pending.subscribe(look)];
    for (let number = 1; number <= 20; number += 1) await annChat.send(`send ${number}`);
    await until(timeline.pending, (pending) => pending.length === 0);
    for (const stop of stops) stop();
    for (let place = 1; place < seen.length; place += 1) {
      assert.ok((seen[place] ?? 0) >= (seen[place - 1] ?? 0), `never fewer than before: ${seen.join(" ")}`);
    }
    assert.equal(seen.at(-1), 20, "and none twice");
    assert.ok(Math.max(...seen) <= 20);
  });

  test("edits, reactions and deletions reach loaded messages and the chat list", LIMIT, async () => {
    const { annChat, bobChat, ann } = await pair();
    const timeline = bobChat.timeline();
    await annChat.send("first");
    const [message] = (await until(timeline.messages, (messages) => textOf(messages.at(-1)) === "first")).slice(-1);
    const seq = message?.seq ?? 0;
    await annChat.edit(seq, "first, mended");
    await bobChat.react(seq, "👍", true);
    const mended = await until(timeline.messages, (messages) => textOf(messages.at(-1)) === "first, mended" && messages.at(-1)?.reactions.length === 1);
    assert.ok(mended.at(-1)?.editedAt);
    assert.equal(textOf(bobChat.summary.value?.lastMessage), "first, mended");
    await annChat.delete(seq);
    await until(timeline.messages, (messages) => "deleted" in (messages.at(-1)?.content ?? {}));
    assert.ok("deleted" in (bobChat.summary.value?.lastMessage?.content ?? {}));
    assert.ok(ann.me.value);
  });

  test("privacy, blocks and reports", LIMIT, async () => {
    const { ann, bob, annChat, bobChat } = await pair();
    const [annId, bobId] = [ann.me.value?.id ?? "", bob.me.value?.id ?? ""];
    assert.deepEqual(await ann.privacy(), { lastSeen: "everyone" });
    assert.deepEqual(await ann.setPrivacy({ lastSeen: "nobody" }), { lastSeen: "nobody" });
    assert.deepEqual([await ann.setPrivacy({}), await ann.privacy()], [{ lastSeen: "nobody" }, { lastSeen: "nobody" }]);
    await ann.block(bobId);
    assert.deepEqual([await ann.hasBlocked(bobId), await bob.hasBlocked(annId)], [true, false]);
    const refused = await bobChat.send("hello?");
    const timeline = bobChat.timeline();
    await until(timeline.pending, ([first]) => first?.state === "failed" && first.error?.code === "blocked");
    await ann.unblock(bobId);
    assert.equal(await ann.hasBlocked(bobId), false);
    const theirs = annChat.timeline();
    await bobChat.retry(refused.key);
    const said = await until(theirs.messages, (messages) => textOf(messages.at(-1)) === "hello?");
    await ann.report({ chat: annChat.id, seq: said.at(-1)?.seq ?? 0 }, "spam", "every day");
    await ann.report({ user: bobId }, "other");
    await assert.rejects(ann.report({ user: "77" }, "other"), (error: ParlourError) => error.problem.code === "user_not_found");
  });

  test("typing, presence and drafts", LIMIT, async () => {
    const { ann, bob, annChat, bobChat } = await pair();
    const stop = bobChat.typing.subscribe(() => {});
    await until(bob.presence(ann.me.value?.id ?? ""), ({ status }) => status === "online");
    const typing = until(bobChat.typing, (typists) => typists.length === 1);
    annChat.setTyping(true);
    assert.deepEqual(await typing, [ann.me.value?.id]);
    annChat.setTyping(false);
    await until(bobChat.typing, (typists) => typists.length === 0);
    stop();
    annChat.setDraft("to be continued");
    await until(annChat.summary, (summary) => summary?.draft === "to be continued");
  });

  test("a group: members, roles, title, leaving", LIMIT, async () => {
    const [ann, bob, cid] = [await newUser(), await newUser(), await newUser()];
    const [bobId, cidId] = [bob.me.value?.id ?? "", cid.me.value?.id ?? ""];
    const group = await ann.createGroup("Plans", [bobId]);
    await until(bob.chats, (chats) => chats.some(({ id, title }) => id === group.id && title === "Plans"));
    await group.addMembers([cidId]);
    await until(cid.chats, (chats) => chats.some(({ id }) => id === group.id));
    await until(bob.chat(group.id).summary, (summary) => summary?.memberCount === 3);
    await group.setRole(bobId, "admin");
    await until(bob.chat(group.id).summary, (summary) => summary?.role === "admin");
    await bob.chat(group.id).rename("Better plans");
    await until(ann.chat(group.id).summary, (summary) => summary?.title === "Better plans");
    await cid.chat(group.id).leave();
    await until(cid.chats, (chats) => chats.every(({ id }) => id !== group.id));
    await until(group.summary, (summary) => summary?.memberCount === 2);
    assert.equal((await group.members()).members.length, 2);
    assert.equal((await ann.searchUsers(bob.me.value?.username ?? "")).users[0]?.id, bobId);
  });

  test("a long history is loaded page by page, and let go at the far end", LIMIT, async () => {
    const { annChat, bob } = await pair();
    const count = 120;
    for (let number = 1; number <= count; number += 1) await annChat.send(`line ${number}`);
    const pending = annChat.timeline().pending;
    await until(pending, (all) => all.length === 0);
    const other = await client();
    await other.login(bob.me.value?.username ?? "", "correct horse");
    await until(other.chats, (chats) => chats.length === 1);
    const timeline = other.chat(annChat.id).timeline();
    await until(timeline.messages, (messages) => messages.length >= 50);
    assert.ok(timeline.atEnd.value);
    while (timeline.before.value !== "none") await timeline.loadBefore();
    const lines = timeline.messages.value.map(textOf).filter((text) => text?.startsWith("line "));
    assert.deepEqual(lines, Array.from({ length: count }, (_, place) => `line ${place + 1}`));
    await timeline.showAround(60);
    assert.ok(timeline.messages.value.some(({ seq }) => seq === 60));
  });

  test("profile, status, password, and the sessions of other devices", LIMIT, async () => {
    const ann = await newUser({ device: "laptop" });
    const name = ann.me.value?.username ?? "";
    await ann.updateMe({ displayName: "Ann of Green Gables" });
    await until(ann.me, (me) => me?.displayName === "Ann of Green Gables");
    const phone = await client({ device: "phone" });
    await phone.login(name, "correct horse");
    await until(phone.connection, ({ state }) => state === "ready");
    assert.deepEqual((await ann.sessions()).map(({ device, current }) => [device, current]).sort(), [["laptop", true], ["phone", false]]);
    await ann.setStatus("busy");
    assert.equal(ann.status.value, "busy");
    const watcher = await newUser();
    await until(watcher.presence(ann.me.value?.id ?? ""), ({ status }) => status === "busy");
    await ann.changePassword("correct horse", "battery staple");
    await until(phone.connection, (connection) => connection.state === "signed_out" && connection.reason === "signed_out");
    await assert.rejects(phone.login(name, "correct horse"), (error: ParlourError) => error.problem.code === "token_invalid");
    await phone.login(name, "battery staple");
    await until(phone.connection, ({ state }) => state === "ready");
    await ann.logout();
    assert.deepEqual(ann.connection.value, { state: "signed_out", reason: "logged_out" });
    assert.equal(ann.me.value, undefined);
  });

  test("what one device has read is read on the other", LIMIT, async () => {
    const { bob, annChat, bobChat } = await pair();
    const phone = await client();
    await phone.login(bob.me.value?.username ?? "", "correct horse");
    await annChat.send("one");
    await annChat.send("two");
    for (const device of [bob, phone]) await until(device.chat(annChat.id).summary, (summary) => summary?.unread === 2);
    bobChat.markRead(bobChat.summary.value?.head ?? 0);
    await until(phone.chat(annChat.id).summary, (summary) => summary?.unread === 0);
    assert.equal(phone.chat(annChat.id).summary.value?.read, bobChat.summary.value?.read);
  });

  test("a message that is not loaded is found for a quote", LIMIT, async () => {
    const { annChat, bobChat } = await pair();
    const timeline = bobChat.timeline();
    await annChat.send("the original");
    const [original] = (await until(timeline.messages, (messages) => textOf(messages.at(-1)) === "the original")).slice(-1);
    await bobChat.send("an answer", { replyTo: original?.seq ?? 0 });
    await until(timeline.messages, (messages) => messages.at(-1)?.replyTo === original?.seq);
    timeline.close();
    const quote = bobChat.message(original?.seq ?? 0);
    await until(quote, (message) => textOf(message) === "the original");
    await annChat.edit(original?.seq ?? 0, "the original, mended");
    await until(quote, (message) => textOf(message) === "the original, mended");
    assert.equal((await bobChat.receipts(original?.seq ?? 0)).length > 0, true);
  });

  test("a refused send stays as failed until it is retried or given up", LIMIT, async () => {
    const { annChat } = await pair();
    const timeline = annChat.timeline();
    const { key } = await annChat.edit(999, "there is no such message");
    await until(timeline.pending, ([pending]) => pending?.state === "failed" && pending.error?.code === "message_not_found");
    await annChat.retry(key);
    await until(timeline.pending, ([pending]) => pending?.state === "failed");
    await annChat.cancel(key);
    await until(timeline.pending, (pending) => pending.length === 0);
  });
});

/** What an application puts into a message is its own business: it must not stop the client. */

import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, indexedDbStore } from "../src/index.js";
import { batch, progress, record, session } from "./support/making.js";
import { PlayedServer } from "./support/played.js";

const LIMIT = { timeout: 30_000 };

test("data that no database takes is sent as JSON makes it", LIMIT, async () => {
  const server = new PlayedServer();
  const store = indexedDbStore("bodies");
  await store.commit(batch({
    session: session("token", Date.now() + 3_600_000), progress: new Map([["9", progress(4)]]), records: new Map([["9", record("9", 4)]]),
  }));
  const client = await connect({ ...server.options, store });
  (await server.greet()).ready();
  const watched = new Proxy({ moves: ["e4"], at: new Date(0), undo: () => {} }, {});
  const pending = await client.chat("9").sendBody({ type: "custom", name: "game", data: watched });
  watched.moves.push("e5");
  const data = { moves: ["e4"], at: "1970-01-01T00:00:00.000Z" };
  assert.deepEqual((await server.next("send")).frame.body, { type: "custom", name: "game", data });
  assert.deepEqual(pending.operation, { type: "send", body: { type: "custom", name: "game", data } });
  const circle: { itself?: unknown } = {};
  circle.itself = circle;
  await assert.rejects(client.chat("9").sendBody({ type: "custom", name: "circle", data: circle }), TypeError);
  assert.notEqual(client.connection.value.state, "signed_out");
  await client.close();
});

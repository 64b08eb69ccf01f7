/** Who users are: fetched once, and again where the server could not say. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Problem } from "../src/index.js";
import { People } from "../src/model/people.js";
import { failure } from "../src/problem.js";
import { Announcer } from "../src/readable.js";
import { OTHER, START } from "./support/making.js";

test("somebody whom a busy server does not name is asked for again, after the pause it wants", async (context) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  context.after(() => mock.timers.reset());
  const busy: Problem = { code: "busy", message: "later", retry: "later", retryAfterMs: 20_000 };
  const gone: Problem = { code: "user_not_found", message: "there is nobody", retry: "never" };
  const asked: string[] = [];
  const fetch = async (id: string) => {
    asked.push(id);
    if (id === "404") throw failure(gone);
    if (asked.filter((each) => each === id).length === 1) throw failure(busy);
    return { id, username: "bob", display_name: "Bob", created_at: START, updated_at: START };
  };
  const people = new People(new Announcer(), { now: () => START, fetch, keep: () => {}, changed: () => {}, isOnline: () => true });
  const later = async (time: number) => {
    mock.timers.tick(time);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const cell = people.user(OTHER);
  people.user("404");
  await later(0);
  await later(19_999);
  assert.deepEqual([asked, cell.value], [[OTHER, "404"], undefined]);
  await later(1);
  assert.equal(cell.value?.displayName, "Bob");
  await later(60_000);
  assert.deepEqual(asked, [OTHER, "404", OTHER]);
});

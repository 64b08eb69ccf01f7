/** What the server is told to watch: once for what changes together, and nothing where there is nothing to watch. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Screen } from "../src/model/screen.js";
import { Announcer } from "../src/readable.js";

/** A screen, what it has told, and the way to the end of the moment in which changes are told together. */
function screen(): { screen: Screen; told: { users: string[]; chats: string[] }[]; later: () => void } {
  mock.timers.enable({ apis: ["setTimeout"] });
  const told: { users: string[]; chats: string[] }[] = [];
  const made = new Screen(new Announcer(), (users, chats) => void told.push({ users, chats }));
  return { screen: made, told, later: () => mock.timers.tick(1_000) };
}

test("the server's limits are no reason to tell it that nothing is watched", (context) => {
  context.after(() => mock.timers.reset());
  const { screen: empty, told, later } = screen();
  empty.setLimits({ users: 3, chats: 2 });
  later();
  assert.deepEqual(told, []);
});

test("what is on the screen is told once, and again only if the limits cut it otherwise", (context) => {
  context.after(() => mock.timers.reset());
  const { screen: full, told, later } = screen();
  for (const user of ["1", "2", "3"]) full.presence(user).subscribe(() => undefined);
  full.typingIn("9").subscribe(() => undefined);
  later();
  full.setLimits({ users: 400, chats: 50 });
  later();
  assert.deepEqual(told, [{ users: ["1", "2", "3"], chats: ["9"] }]);
  full.setLimits({ users: 2, chats: 50 });
  later();
  assert.deepEqual(told[1], { users: ["2", "3"], chats: ["9"] });
});

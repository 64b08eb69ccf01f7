/** Routes and addresses are two ways to say the same. */
import { expect, test } from "vitest";
import { hashOf, parseRoute, type Route } from "../src/router.js";

const routes: Route[] = [
  { page: "home" }, { page: "chat", chat: "730123456789012345" }, { page: "chat", chat: "7", seq: 41 }, { page: "details", chat: "7" },
  { page: "new" }, { page: "new-group" }, { page: "settings" }, { page: "sessions" }, { page: "help" },
];

test.each(routes)("$page comes back from its address", (route) => {
  expect(parseRoute(hashOf(route))).toEqual(route);
});

test.each(["", "#", "#/", "#/chat", "#/chat/<img>", "#/chat/../x", "#/nowhere", "#/chat/99999999999999999999"])("%j is the first page", (hash) => {
  expect(parseRoute(hash)).toEqual({ page: "home" });
});

test("a seq that is none is left out", () => {
  expect(parseRoute("#/chat/7/message/x")).toEqual({ page: "chat", chat: "7" });
});

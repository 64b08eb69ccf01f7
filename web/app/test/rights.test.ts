/** What is offered: never more than the rules of the server allow. */
import type { Message, Role } from "parlour-client";
import { expect, test } from "vitest";
import { memberRights } from "../src/chats/member-rights.js";
import { rightsOn } from "../src/conversation/actions.js";

const text: Message = { chat: "1", seq: 1, id: "1", author: "ann", sentAt: 0, content: { body: { type: "text", text: "x" } }, reactions: [] };
const offered = (own: Role, role: Role, user = "bob") =>
  Object.entries(memberRights({ type: "group", role: own }, { user, role }, "ann")).flatMap(([name, is]) => (is ? name : []));

test("an owner may do everything with others", () => {
  expect(offered("owner", "member")).toEqual(["promote", "handOver", "remove"]);
  expect(offered("owner", "admin")).toEqual(["demote", "handOver", "remove"]);
});

test("an admin removes members, but no admins", () => {
  expect(offered("admin", "member")).toEqual(["remove"]);
  expect(offered("admin", "admin")).toEqual([]);
  expect(offered("admin", "owner")).toEqual([]);
});

test("nobody does anything with himself, a member not with anybody", () => {
  expect(offered("owner", "owner", "ann")).toEqual([]);
  expect(offered("member", "member")).toEqual([]);
});

test("there are no roles in a direct chat", () => {
  expect(Object.values(memberRights({ type: "direct", role: "owner" }, { user: "bob", role: "member" }, "ann"))).not.toContain(true);
});

test("one edits one's own, and deletes others' only as admin of a group", () => {
  expect(rightsOn(text, "ann", { type: "direct", role: "member" })).toEqual({ canEdit: true, canDelete: true, canReact: true });
  expect(rightsOn(text, "bob", { type: "direct", role: "owner" }).canDelete).toBe(false);
  expect(rightsOn(text, "bob", { type: "group", role: "admin" })).toEqual({ canEdit: false, canDelete: true, canReact: true });
  expect(rightsOn(text, "bob", { type: "group", role: "member" }).canDelete).toBe(false);
});

test("nothing is done with a deleted message", () => {
  const deleted: Message = { ...text, content: { deleted: true } };
  expect(Object.values(rightsOn(deleted, "ann", { type: "group", role: "owner" }))).not.toContain(true);
});

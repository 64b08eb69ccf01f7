/** Groups: one from its making to somebody's leaving, with its roles; and one too large for names. */
import assert from "node:assert/strict";
import type { Person } from "../src/person.js";
import { showsHistory } from "../src/conversation.js";
import { scene } from "../src/stage.js";

async function makeGroup(owner: Person, title: string, others: readonly Person[]): Promise<void> {
  const { page } = owner;
  await owner.page.getByRole("link", { name: "New chat" }).click();
  await page.getByRole("link", { name: "New group instead" }).click();
  await page.getByLabel("Name of the group").fill(title);
  for (const other of others) {
    await page.getByLabel("Find people").fill(other.identity.username);
    await page.getByRole("main").getByRole("button", { name: other.identity.username }).click();
    await page.getByRole("button", { name: `Take ${other.name} out` }).waitFor();
  }
  await page.getByRole("button", { name: "Create group" }).click();
  await owner.composer().waitFor();
}

async function openDetails({ page }: Person): Promise<void> {
  await page.getByRole("link", { name: "Details" }).click();
  await page.getByRole("heading", { name: "Group details" }).waitFor();
}

async function act({ page }: Person, member: Person, item: string): Promise<void> {
  await page.getByRole("button", { name: `Actions for ${member.name}` }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

scene("a group: made, renamed, an admin, one more, one less, handed over, left", async (stage) => {
  const [ann, bob, cleo, dan] = await Promise.all([stage.person("Ann"), stage.person("Bob"), stage.person("Cleo"), stage.person("Dan")]);
  await makeGroup(ann, "Garden", [bob, cleo]);
  const chat = ann.openChat();
  await bob.open("Garden");
  await cleo.open("Garden");
  await bob.say("What do we plant?");
  await cleo.sees("What do we plant?");
  await ann.sees("What do we plant?");
  await bob.hasTicks("What do we plant?", "Read");
  await bob.pick("What do we plant?", "Who has read it");
  const receipts = bob.page.getByRole("dialog");
  await receipts.getByText("Ann").waitFor();
  await receipts.getByText("Cleo").waitFor();
  await bob.page.keyboard.press("Escape");

  await openDetails(ann);
  await ann.page.getByLabel("Name of the group").fill("Vegetable garden");
  await ann.page.getByRole("button", { name: "Save" }).click();
  await bob.page.getByRole("heading", { name: "Vegetable garden" }).waitFor();
  await act(ann, bob, "Make admin");
  await bob.notice("Ann made Bob an admin.").waitFor();

  await openDetails(bob);
  await bob.page.getByLabel("Find people").fill(dan.identity.username);
  await bob.page.getByRole("main").getByRole("button", { name: dan.identity.username }).click();
  await dan.open("Vegetable garden");
  await act(bob, cleo, "Remove");
  await bob.page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await cleo.chats().getByRole("link", { name: "Vegetable garden" }).waitFor({ state: "detached" });

  await act(ann, bob, "Hand the group over");
  await ann.page.getByRole("dialog").getByRole("button", { name: "Hand the group over" }).click();
  await dan.notice("Ann handed the group over to Bob.").waitFor();
  await ann.page.getByRole("button", { name: "Leave the group" }).click();
  await ann.page.getByRole("dialog").getByRole("button", { name: "Leave the group" }).click();
  await dan.notice("Ann left.").waitFor();

  await bob.openById(chat);
  await dan.say("Beans.");
  await bob.sees("Beans.");
  await bob.say("Beans it is.");
  await dan.sees("Beans it is.");
  await showsHistory(bob, await bob.account());
  await showsHistory(dan, await dan.account());
  const members = await (await bob.account()).members(chat);
  const ids = { bob: (await bob.account()).id, dan: (await dan.account()).id };
  const roles = Object.fromEntries(members.map(({ user, role }) => [user, role]));
  assert.deepEqual(roles, { [ids.bob]: "owner", [ids.dan]: "member" });
});

scene("in a group of more than 64 the ticks are those of everybody, also after a reload", async (stage) => {
  const ann = await stage.person("Ann");
  const me = await ann.account();
  const members = await Promise.all(Array.from({ length: 66 }, (_, index) => stage.account(`Member ${index}`)));
  const chat = await me.group("Town", members.map(({ id }) => id));
  await ann.openById(chat);
  await ann.say("first");
  await ann.hasTicks("first", "Sent");
  const [first] = (await me.history(chat)).slice(-1);
  assert(first);
  await Promise.all(members.slice(1).map((member) => member.read(chat, first.seq)));
  await ann.hasTicks("first", "Sent");
  await members[0]?.read(chat, first.seq);
  await ann.hasTicks("first", "Read");
  await ann.say("second");
  await ann.hasTicks("second", "Sent");
  await ann.hasTicks("first", "Read");
  // What happens while the page is away is told by nobody but the server's pages.
  await ann.page.goto("about:blank");
  const [second] = (await me.history(chat)).slice(-1);
  assert(second);
  await Promise.all(members.map((member) => member.read(chat, second.seq)));
  await ann.openById(chat);
  await ann.hasTicks("second", "Read");
  await ann.hasTicks("first", "Read");
});

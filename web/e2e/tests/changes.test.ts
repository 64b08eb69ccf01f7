/** Replies, reactions, edits, deletions, copies and drafts. */
import assert from "node:assert/strict";
import { showsHistory } from "../src/conversation.js";
import { scene } from "../src/stage.js";

scene("a message is answered, reacted to, edited and deleted, and both sides see it", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("Dinner at eight?");
  await ann.say("to be deleted");
  await bob.open("Ann");
  await bob.sees("to be deleted");

  await bob.pick("Dinner at eight?", "Reply");
  await bob.say("With pleasure");
  await ann.message("With pleasure").getByRole("button", { name: "Ann Dinner at eight?" }).waitFor();

  await ann.pick("With pleasure", "React with 👍");
  await bob.message("With pleasure").getByRole("button", { name: "👍" }).waitFor();
  await bob.message("With pleasure").getByRole("button", { name: "👍" }).click();
  await ann.message("With pleasure").getByRole("button", { name: "👍 2" }).waitFor();
  await ann.message("With pleasure").getByRole("button", { name: "👍 2" }).click();
  await bob.message("With pleasure").getByRole("button", { name: "👍 1" }).waitFor();

  await ann.pick("Dinner at eight?", "Edit");
  await ann.composer().fill("Dinner at nine?");
  await ann.composer().press("Enter");
  await bob.message("Dinner at nine?").getByText("edited").waitFor();

  await ann.pick("to be deleted", "Delete");
  await ann.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await bob.page.getByRole("article").getByText("This message was deleted.").waitFor();
  await ann.page.getByRole("article").getByText("This message was deleted.").waitFor();
  await ann.page.locator(".pending-state").waitFor({ state: "detached" });
  for (const person of [ann, bob]) await showsHistory(person, await person.account());
});

scene("the text of a message is copied as it was written, by its menu and by a key", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.account("Bob")]);
  const texts = ["Dinner <b>at eight</b>?\nhttps://example.org/a?b=c&d", "See you 👋"];
  const chat = await bob.direct((await ann.account()).id);
  for (const text of texts) await bob.post(chat, text);
  await ann.openById(chat);
  const { page } = ann;
  const copied = page.getByRole("status").getByText("Copied.");
  const pastes = async (text: string | undefined) => {
    await copied.waitFor();
    await ann.composer().fill("");
    await ann.composer().press("Control+v");
    assert.equal(await ann.composer().inputValue(), text);
  };
  const [first, second] = [page.getByRole("article").first(), page.getByRole("article").last()];
  await second.waitFor();
  await first.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Copy text" }).click();
  await pastes(texts[0]);
  await copied.waitFor({ state: "detached" });
  await second.focus();
  await page.keyboard.press("c");
  await pastes(texts[1]);
});

scene("an emoji comes from our own files", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.page.getByRole("button", { name: "Insert emoji" }).click();
  await ann.page.getByRole("menuitem", { name: /grinning face/ }).first().click();
  await ann.page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>("#composer")?.value === "😀");
  await ann.composer().press("Enter");
  await bob.open("Ann");
  await bob.page.getByRole("article").getByText("😀").waitFor();
  await showsHistory(bob, await bob.account());
});

scene("a draft waits in its chat, also over a reload", async (stage) => {
  const [ann, bob, cleo] = await Promise.all([stage.person("Ann"), stage.person("Bob"), stage.person("Cleo")]);
  await ann.talkTo(bob);
  await ann.say("to Bob");
  await ann.composer().fill("half a thought");
  await ann.talkTo(cleo);
  await ann.chats().getByRole("link", { name: "Bob" }).getByText("Draft: half a thought").waitFor();
  await ann.page.reload();
  await ann.open("Bob");
  await ann.page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>("#composer")?.value === "half a thought");
});

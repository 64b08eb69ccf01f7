/** One person with two tabs of one browser. */
import { showsHistory } from "../src/conversation.js";
import type { Person } from "../src/person.js";
import { scene } from "../src/stage.js";

/** Waits until the field holds this text. */
async function writes({ page }: Person, text: string): Promise<void> {
  await page.waitForFunction((wanted) => document.querySelector<HTMLTextAreaElement>("#composer")?.value === wanted, text);
}

scene("two tabs of one person show the same and send each message once", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("from the first tab");
  const second = await ann.newTab();
  await second.open("Bob");
  await second.sees("from the first tab");
  await second.say("from the second tab");
  await ann.sees("from the second tab");
  await bob.open("Ann");
  await bob.say("to both of you");
  for (const tab of [ann, second]) {
    await tab.sees("to both of you");
    await tab.hasTicks("from the second tab", "Read");
  }
  for (const person of [ann, second, bob]) await showsHistory(person, await person.account());
});

scene("one tab closes and the other goes on, and sends what it left", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("first");
  const second = await ann.newTab();
  await second.open("Bob");
  await ann.goOffline();
  await ann.say("left behind");
  await ann.page.close();
  await second.goOnline();
  await second.sees("left behind");
  await bob.open("Ann");
  await bob.sees("left behind");
  await second.say("and on it goes");
  await bob.sees("and on it goes");
  for (const person of [second, bob]) await showsHistory(person, await person.account());
}, { outages: true });

scene("what one tab has sent does not stay in the field of another", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("first");
  await ann.composer().fill("hello");
  await ann.page.getByText("Draft: hello").waitFor();
  // A browser without windows gives the focus to every page at once.
  await ann.page.evaluate(() => {
    document.hasFocus = () => false;
  });
  const second = await ann.newTab();
  await second.open("Bob");
  await writes(second, "hello");
  await second.composer().press("Enter");
  await second.sees("hello");
  await writes(ann, "");
  await showsHistory(second, await second.account());
});

/** One person with two tabs of one browser. */
import { showsHistory } from "../src/conversation.js";
import { scene } from "../src/stage.js";

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

/** What people lose when the network or the server goes away: nothing. */
import assert from "node:assert/strict";
import { showsHistory } from "../src/conversation.js";
import { scene } from "../src/stage.js";

scene("what is written offline is kept and sent once the network is back", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("before");
  await bob.open("Ann");
  await bob.sees("before");
  await ann.goOffline();
  await ann.say("written on the train");
  await ann.message("written on the train").getByText("Waiting for the connection").waitFor();
  await bob.say("meanwhile");
  await ann.goOnline();
  await ann.sees("meanwhile");
  await bob.sees("written on the train");
  await ann.hasTicks("written on the train", "Read");
  for (const person of [ann, bob]) await showsHistory(person, await person.account());
}, { outages: true });

scene("the browser's word that there is no network is taken at once, and so is its word that there is one again", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("before the tunnel");
  await bob.open("Ann");
  // The connection itself stays as it is: nothing but the event tells, long before its silence could.
  await ann.page.context().setOffline(true);
  await ann.page.getByText("Offline. What you write is sent").waitFor();
  await ann.say("from the tunnel");
  await ann.message("from the tunnel").getByText("Waiting for the connection").waitFor();
  await ann.page.context().setOffline(false);
  await bob.sees("from the tunnel");
  await ann.page.getByText("Offline. What you write is sent").waitFor({ state: "detached" });
  for (const person of [ann, bob]) await showsHistory(person, await person.account());
}, { outages: true });

scene("reloaded offline the page opens, shows what it has, and sends later what is written", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("kept on this device");
  await ann.hasTicks("kept on this device", "Delivered");
  await ann.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await ann.goOffline();
  await ann.page.reload();
  await ann.sees("kept on this device");
  await ann.say("written without a server");
  await ann.page.reload();
  await ann.sees("written without a server");
  await ann.goOnline();
  await bob.open("Ann");
  await bob.sees("written without a server");
  await ann.hasTicks("written without a server", "Read");
  for (const person of [ann, bob]) await showsHistory(person, await person.account());
}, { outages: true });

scene("the server is killed in the middle of a conversation and comes back", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("before the blow");
  await bob.open("Ann");
  await bob.sees("before the blow");
  // Sends are under way when the blow comes: whatever became of them, each must stand there once.
  for (let turn = 1; turn <= 5; turn += 1) {
    await ann.say(`ann ${turn}`);
    await bob.say(`bob ${turn}`);
  }
  await stage.server.kill();
  await ann.say("into the void");
  await bob.say("me too");
  await stage.server.restart();
  for (const person of [ann, bob]) {
    await person.sees("into the void");
    await person.sees("me too");
  }
  await ann.hasTicks("into the void", "Read");
  await bob.hasTicks("me too", "Read");
  for (const person of [ann, bob]) await showsHistory(person, await person.account());
  const history = await (await ann.account()).history(ann.openChat());
  const texts = history.flatMap((entry) => entry.body?.text ?? []);
  assert.equal(new Set(texts).size, texts.length, "a message stands there twice");
  assert.equal(texts.length, 13);
}, { ownServer: true, outages: true });

/** Two people and two browsers, over a good line and over a bad one. */
import assert from "node:assert/strict";
import { showsHistory } from "../src/conversation.js";
import { HaProxy } from "../src/haproxy.js";
import { scene } from "../src/stage.js";

scene("two people talk, and each sees that the other has read it", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("Hello Bob");
  await ann.hasTicks("Hello Bob", "Delivered");
  await bob.chats().getByRole("link", { name: "Ann" }).getByRole("img", { name: "1 unread message" }).waitFor();
  await bob.open("Ann");
  await bob.sees("Hello Bob");
  await ann.hasTicks("Hello Bob", "Read");
  await bob.composer().pressSequentially("Hello");
  await ann.page.getByRole("main").getByText("Bob is typing…").waitFor();
  await bob.say("Hello Ann");
  await ann.sees("Hello Ann");
  await bob.hasTicks("Hello Ann", "Read");
  for (const person of [ann, bob]) await showsHistory(person, await person.account());
});

scene("text is text: nothing in a message becomes part of the page, and only web links are links", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  const texts = [
    "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "javascript:alert(3) and https://example.org/a?b=c#d",
    "two\nlines & <b>no markup</b> **none**",
  ];
  await ann.talkTo(bob);
  const chat = ann.openChat();
  const account = await ann.account();
  for (const text of texts) await account.post(chat, text);
  await bob.open("Ann");
  await bob.page.getByRole("link", { name: "https://example.org/a?b=c#d" }).waitFor();
  await showsHistory(bob, await bob.account());
  const links = await bob.page.getByRole("article").getByRole("link").evaluateAll((all) => all.map((link) => [link.getAttribute("href"), link.getAttribute("rel")]));
  assert.deepEqual(links, [["https://example.org/a?b=c#d", "noopener noreferrer"]]);
  assert.equal(await bob.page.locator("article img, article script, article b").count(), 0);
});

scene("over a slow line everything arrives, in order", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  const line = await ann.page.context().newCDPSession(ann.page);
  await line.send("Network.emulateNetworkConditions", { offline: false, latency: 400, downloadThroughput: 6_000, uploadThroughput: 3_000 });
  await ann.talkTo(bob);
  const mine = Array.from({ length: 8 }, (_, index) => `slowly ${index + 1}`);
  for (const text of mine) await ann.say(text);
  await bob.open("Ann");
  await bob.sees("slowly 8");
  await bob.say("I have all of them");
  await ann.sees("I have all of them");
  await ann.hasTicks("slowly 8", "Read");
  for (const person of [ann, bob]) await showsHistory(person, await person.account());
  const history = await (await ann.account()).history(ann.openChat());
  assert.deepEqual(history.flatMap((entry) => entry.body?.text ?? []), [...mine, "I have all of them"]);
});

if (HaProxy.isThere()) {
  scene("behind HAProxy the page comes from its own host and connects to it", async (stage) => {
    const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
    await ann.talkTo(bob);
    await ann.say("through the proxy");
    await bob.open("Ann");
    await bob.sees("through the proxy");
    await ann.hasTicks("through the proxy", "Read");
    for (const person of [ann, bob]) await showsHistory(person, await person.account());
  }, { behindProxy: true });
} else {
  console.log("skipped: the web client is not tried behind HAProxy without it");
}

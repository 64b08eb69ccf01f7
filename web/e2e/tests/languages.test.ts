/** The page from right to left. */
import assert from "node:assert/strict";
import { isWiderThanWindow } from "../src/axe.js";
import { scene } from "../src/stage.js";

scene("times are written as in the region of the browser, whatever the language", async (stage) => {
  const timezoneId = "Europe/London";
  const people = await Promise.all(["en-GB", "en-US", "de-DE"].map((locale, index) => stage.person(`Ann ${"ABC"[index]}`, { locale, timezoneId })));
  const account = await people[0]?.account();
  assert(account);
  const others = await Promise.all(people.slice(1).map(async (person) => (await person.account()).id));
  const chat = await account.group("Clock", others);
  await account.post(chat, "What time is it?");
  const forms = [/^\d{1,2}:\d\d$/, /^\d{1,2}:\d\d\s[AP]M$/, /^\d{1,2}:\d\d$/];
  for (const [index, person] of people.entries()) {
    await person.openById(chat);
    await person.sees("What time is it?");
    assert.equal(await person.page.locator("html").getAttribute("lang"), "en");
    const time = await person.message("What time is it?").locator("time").first().textContent();
    assert.match(time ?? "", forms[index] as RegExp);
  }
});

scene("in Arabic the page runs from right to left, and each message in its own direction", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.goTo("#/settings");
  await ann.page.getByLabel("Language").selectOption("ar");
  await ann.page.locator("html[dir=rtl][lang=ar]").waitFor();
  await ann.page.getByRole("heading", { name: "Settings" }).waitFor({ state: "detached" });
  await ann.chats().waitFor({ state: "detached" });
  await ann.page.locator("a.chat-line").click();
  await ann.page.locator("#composer").fill("مرحبا بوب");
  await ann.page.locator("#composer").press("Enter");
  await bob.open("Ann");
  await bob.sees("مرحبا بوب");
  await bob.say("Hello Ann");
  await ann.sees("Hello Ann");
  const directions = await ann.page.locator("article .text").evaluateAll((texts) => texts.map((text) => getComputedStyle(text).direction));
  assert.deepEqual(directions, ["rtl", "ltr"]);
  const sides = await ann.page.evaluate(() => {
    const left = (selector: string) => document.querySelector(selector)?.getBoundingClientRect().left ?? Number.NaN;
    return { list: left(".sidebar"), main: left("main"), own: left("article.own .bubble"), other: left("article.other .bubble") };
  });
  assert(sides.list > sides.main, "the list stands on the right");
  assert(sides.own < sides.other, "own messages stand on the left");
  assert(!(await isWiderThanWindow(ann.page)), "nothing sticks out");
});

/**
 * What axe finds: nothing, on the main pages in light and dark, on a phone and from right to left, and in the states one does not wish for.
 *
 * - The walk knows no language: it finds things by their roles and classes.
 */
import assert from "node:assert/strict";
import type { BrowserContextOptions } from "playwright-core";
import { findings } from "../src/axe.js";
import type { Person } from "../src/person.js";
import { Account } from "../src/rest.js";
import { scene } from "../src/stage.js";

const phone = { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true };

const looks: Readonly<Record<string, BrowserContextOptions>> = {
  "in light": { colorScheme: "light" },
  "in dark": { colorScheme: "dark" },
  "on a phone": { ...phone, colorScheme: "light" },
  "from right to left": { locale: "ar", colorScheme: "light" },
  "from right to left on a phone": { ...phone, locale: "ar", colorScheme: "dark" },
};

type Look = (where: string) => Promise<void>;

for (const [how, options] of Object.entries(looks)) {
  scene(`no page stumbles, ${how}`, async (stage) => {
    const [ann, bob] = await Promise.all([stage.visitor("Ann", options), stage.account("Bob")]);
    const account = await Account.register(stage.server.url, ann.identity);
    const found: string[] = [];
    const look: Look = async (where) => void found.push(...(await findings(ann.page)).map((finding) => `${where}: ${finding}`));
    await logIn(ann, look);
    const group = await account.group("Garden", [bob.id]);
    const first = await account.post(group, "Beans or peas? https://example.org");
    await bob.post(group, "Peas", first);
    await account.edit(group, first, "Beans or peas?");
    await lookAtGroup(ann, group, look);
    await lookAtPages(ann, group, look);
    await lookAtTrouble(ann, await account.direct(bob.id), look);
    assert.deepEqual(found, []);
  }, { outages: true, refusals: true });
}

async function logIn({ page, identity }: Person, look: Look): Promise<void> {
  await page.locator("input[autocomplete=current-password]").waitFor();
  await look("signing in");
  await page.locator(".sign-in-card > button").click();
  await page.locator("input[autocomplete=new-password]").waitFor();
  await look("signing up");
  await page.locator(".sign-in-card > button").click();
  await page.locator("input[autocomplete=username]").fill(identity.username);
  await page.locator("input[autocomplete=current-password]").fill(identity.password);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
  await look("no chats");
}

async function lookAtGroup(person: Person, group: string, look: Look): Promise<void> {
  const { page } = person;
  const theirs = page.locator("article.other").last();
  await person.goTo(`#/chat/${group}`);
  await theirs.waitFor();
  await page.locator("article.own", { hasText: "Beans" }).first().waitFor();
  await look("a group");
  await theirs.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await look("the menu of a message");
  await page.getByRole("menu").locator(".danger-text").last().click();
  await page.getByRole("dialog").waitFor();
  await look("a report");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await theirs.focus();
  await page.keyboard.press("r");
  await page.locator(".composer-context").waitFor();
  await look("a reply");
  await page.locator("#composer-emoji").click();
  await page.locator("emoji-picker .emoji-menu button").first().waitFor();
  await look("the emoji");
  await page.keyboard.press("Escape");
  await page.locator("emoji-picker").waitFor({ state: "detached" });
}

/** The pages besides the chats, each by something that is there when it is. */
function pages(group: string): readonly (readonly [string, string])[] {
  return [
    [`#/chat/${group}/details`, ".card-line"],
    ["#/new", "main a[href='#/new/group']"],
    ["#/settings", "select >> nth=3"],
    ["#/settings/devices", ".card-line"],
    ["#/help", "kbd"],
    ["#/new/group", "main form .people-picker input"],
  ];
}

async function lookAtPages(person: Person, group: string, look: Look): Promise<void> {
  for (const [hash, there] of pages(group)) {
    await person.goTo(hash);
    await person.page.locator(there).first().waitFor();
    await look(hash);
  }
}

/** A question, a message that was refused, and one that waits for the network. */
async function lookAtTrouble(person: Person, direct: string, look: Look): Promise<void> {
  const { page } = person;
  const write = async (text: string) => {
    await page.locator("#composer").fill(text);
    await page.locator("#composer").press("Control+Enter");
  };
  await person.goTo(`#/chat/${direct}/details`);
  await page.locator(".row-link").nth(1).waitFor();
  await look("details of a direct chat");
  await page.locator(".row-link").first().click();
  await page.getByRole("dialog").waitFor();
  await look("the question before blocking");
  await page.getByRole("dialog").getByRole("button").last().click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await person.goTo(`#/chat/${direct}`);
  await write("To somebody I have blocked");
  await page.locator(".failed").waitFor();
  await look("a message that was refused");
  await person.goOffline();
  await write("Sent later");
  await page.locator(".queued").waitFor();
  await look("without a network");
  await person.goTo("#/");
  await page.locator(".empty").waitFor({ state: "attached" });
  await look("the chats without a network");
}

scene("on a phone the name of a chat that is opened takes the focus", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann", phone), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.page.waitForFunction(() => document.activeElement?.matches("h1") && document.activeElement.textContent === "Bob");
});

scene("what the page says of its connection and its version comes into regions that were there before", async (stage) => {
  const ann = await stage.person("Ann");
  const { page } = ann;
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  const regions = await page.getByRole("status").elementHandles();
  const says = (text: string) =>
    page.waitForFunction(([all, wanted]) => all.some((region) => region.isConnected && region.textContent === wanted), [regions, text] as const);
  await ann.goOffline();
  await says("Offline. What you write is sent when the connection is back.");
  await ann.goOnline();
  await page.getByText("Offline. What you write is sent").waitFor({ state: "detached" });
  // To the browser another address is another version.
  await page.evaluate(() => navigator.serviceWorker.register("/sw.js?another").then(() => undefined));
  await says("A new version of Parlour is ready.");
}, { outages: true });

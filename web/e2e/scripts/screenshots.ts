/**
 * Takes the pictures in `docs/images`: a small club that plans its garden, as people see it on several screens.
 */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launch } from "../src/browser.js";
import { Person } from "../src/person.js";
import { Account } from "../src/rest.js";
import { Server } from "../src/server.js";

const images = fileURLToPath(new URL("../../../../docs/images/", import.meta.url));
const password = "correct horse";
const wide = { width: 1080, height: 700 };
const phone = { width: 390, height: 720 };
const mira = { displayName: "Mira", username: "mira", password };

interface Picture {
  readonly name: string;
  readonly options: BrowserContextOptions;
  /** Where, given the group and the Arabic chat. */
  readonly hash: (chats: Chats) => string;
  readonly language?: string;
  readonly ready: (page: Page) => Promise<void>;
}

interface Chats {
  readonly group: string;
  readonly arabic: string;
}

const isSeen = (text: string) => (page: Page) => page.getByRole("article").getByText(text).last().waitFor();
const group = ({ group }: Chats) => `#/chat/${group}`;
const poles = "Poles: I have some from last year, at least ten.";
const lastLine = "Saturday at ten it is";

const pictures: readonly Picture[] = [
  // First, because the others sign in devices.
  { name: "sessions", options: { viewport: wide }, hash: () => "#/settings/devices", ready: (page) => page.getByText("This device").waitFor() },
  { name: "conversation-light", options: { viewport: wide }, hash: group, ready: isSeen(lastLine) },
  { name: "conversation-dark", options: { viewport: wide, colorScheme: "dark" }, hash: group, ready: isSeen(lastLine) },
  { name: "phone", options: { viewport: phone, hasTouch: true, isMobile: true }, hash: group, ready: isSeen(lastLine) },
  { name: "chat-list", options: { viewport: phone, hasTouch: true, isMobile: true }, hash: () => "#/", ready: (page) => page.getByText("Garden club").waitFor() },
  { name: "right-to-left", options: { viewport: wide }, language: "ar", hash: ({ arabic }) => `#/chat/${arabic}`, ready: isSeen("شكرا") },
];

mkdirSync(images, { recursive: true });
const server = await Server.start();
const browser = await launch();
try {
  const chats = await fill(server.url);
  await react(browser, chats);
  for (const picture of pictures) await take(browser, picture, chats);
} finally {
  await browser.close();
  await server.remove();
}

/** Reactions have no endpoint of their own: somebody gives them at a page. */
async function react(browser: Browser, chats: Chats): Promise<void> {
  const page = await browser.newPage({ locale: "en-GB" });
  const jonas = new Person(page, server.url, { displayName: "Jonas", username: "jonas", password });
  await jonas.goTo();
  await jonas.login();
  await jonas.openById(chats.group);
  await jonas.pick(poles, "React with 👍");
  await jonas.message(poles).getByRole("button", { name: "👍" }).waitFor();
  await jonas.page.locator(".pending-state").waitFor({ state: "detached" });
  await page.close();
}

async function take(browser: Browser, { name, options, hash, language, ready }: Picture, chats: Chats): Promise<void> {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Berlin", ...options });
  const person = new Person(await context.newPage(), server.url, mira);
  await person.goTo();
  await person.login();
  await person.page.getByText("Garden club").waitFor();
  if (language !== undefined) {
    await person.goTo("#/settings");
    await person.page.getByLabel("Language").selectOption(language);
  }
  await person.goTo(hash(chats));
  await person.page.mouse.move(0, 0);
  await ready(person.page);
  await person.page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))).then(() => undefined));
  await person.page.screenshot({ path: `${images}${name}.png`, caret: "hide" });
  await context.close();
}

async function fill(url: string): Promise<Chats> {
  const register = (displayName: string, username: string) => Account.register(url, { displayName, username, password }, "Phone");
  const [me, jonas, ada, noor] = await Promise.all([
    Account.register(url, mira, "Phone"), register("Jonas", "jonas"), register("Ada", "ada"), register("نور", "noor"),
  ]);
  const talkWith = async (other: Account, lines: readonly (readonly [Account, string])[]): Promise<string> => {
    const chat = await me.direct(other.id);
    for (const [author, text] of lines) {
      const seq = await author.post(chat, text);
      // Who writes has read what was written before.
      await author.read(chat, seq);
    }
    return chat;
  };
  await talkWith(ada, [[ada, "Did the seeds arrive?"], [me, "This morning. All of them 🎉"], [ada, "Wonderful. I bring the trowels."]]);
  const arabic = await talkWith(noor, [
    [noor, "صباح الخير يا ميرا"], [me, "صباح النور! هل تأتين يوم السبت؟"], [noor, "نعم، في العاشرة. هل أحضر شيئا؟"],
    [me, "بعض القهوة، من فضلك ☕"], [noor, "بكل سرور. Is ten o’clock fine for Jonas, too?"], [me, "شكرا، نعم"],
  ]);
  await talkWith(jonas, [[jonas, "I fixed the gate."], [me, "You are the best."], [jonas, "See you on Saturday!"]]);
  const group = await me.group("Garden club", [jonas.id, ada.id, noor.id]);
  await jonas.post(group, "The long bed is free now. What do we plant?");
  await ada.post(group, "Beans along the fence, and something that flowers early for the bees.");
  await me.post(group, "I have seeds of borage and poppies left, enough for both ends.");
  const list = await jonas.post(group, "Shopping list so far:\n– twelve bean poles\n– two bags of compost\n– string");
  await noor.post(group, poles, list);
  await ada.post(group, "Then we only miss the compost. https://example.org/compost has it by the bag.");
  await me.post(group, "I can drive. Saturday, ten o’clock?");
  await jonas.post(group, "Fine with me");
  const last = await ada.post(group, `${lastLine} 🌻`);
  for (const other of [jonas, ada, noor]) await other.read(group, last);
  await me.read(group, last);
  return { group, arabic };
}

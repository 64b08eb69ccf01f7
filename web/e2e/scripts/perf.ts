/**
 * Measures what typing feels like in a chat of 50,000 messages while 100 a second arrive, against a real server. Judges nothing.
 *
 * MESSAGES and PER_SECOND in the environment change the size; the server's build profile is that of whatever PARLOUR_BIN names.
 */
import type { Page } from "playwright-core";
import { launch } from "../src/browser.js";
import { fill } from "../src/filling.js";
import { Person } from "../src/person.js";
import { Account } from "../src/rest.js";
import { Server } from "../src/server.js";

const messages = Number(process.env.MESSAGES ?? 50_000);
const perSecond = Number(process.env.PER_SECOND ?? 100);
const text = "The quick brown fox jumps over the lazy dog while a hundred others talk. ".repeat(3);
const password = "correct horse";

const server = await Server.start();
const browser = await launch();
try {
  const ann = new Person(await browser.newPage({ locale: "en-GB" }), server.url, { displayName: "Ann", username: "ann", password });
  await ann.goTo();
  await ann.register();
  const bob = await Account.register(server.url, { displayName: "Bob", username: "bob", password });
  const chat = await bob.direct((await ann.account()).id);
  await fill(bob, chat, Array.from({ length: messages }, (_, index) => `line ${index}`));
  const opened = Date.now();
  await ann.openById(chat);
  await ann.page.getByRole("article").first().waitFor();
  console.log(`${messages} messages in the chat; opened in ${Date.now() - opened} ms`);
  await ann.page.getByRole("button", { name: /^Jump to the latest/ }).click();
  await ann.sees(`line ${messages - 1}`);
  const talking = talk(bob, chat);
  try {
    await ann.sees("talk 0");
    await measure(ann.page, () => talking.sent());
  } finally {
    await talking.stop();
  }
} finally {
  await browser.close();
  await server.remove();
}

/** Posts at an even pace until it is stopped. */
function talk(account: Account, chat: string): { sent: () => number; stop: () => Promise<void> } {
  const under: Promise<unknown>[] = [];
  const timer = setInterval(() => under.push(account.post(chat, `talk ${under.length}`)), 1000 / perSecond);
  const stop = async () => {
    clearInterval(timer);
    await Promise.all(under);
  };
  return { sent: () => under.length, stop };
}

/** From the key to the next picture, as the browser itself measures it; what it does not report took less than 16 ms. */
async function measure(page: Page, sent: () => number): Promise<void> {
  await page.evaluate(() => {
    const measured = { keys: [] as number[], longTasks: [] as number[] };
    Object.assign(window, { measured });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (entry.name === "keydown") measured.keys.push(entry.duration);
    }).observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
    new PerformanceObserver((list) => measured.longTasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
  });
  const [before, started] = [sent(), Date.now()];
  await page.locator("#composer").pressSequentially(text, { delay: 40 });
  const seconds = (Date.now() - started) / 1000;
  const { keys, longTasks } = await page.evaluate(() => (window as unknown as { measured: { keys: number[]; longTasks: number[] } }).measured);
  const latencies = [...keys, ...Array<number>(Math.max(0, text.length - keys.length)).fill(0)].sort((one, other) => one - other);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))];
  console.log(`${text.length} keys in ${seconds.toFixed(1)} s while ${Math.round((sent() - before) / seconds)} messages/s arrived`);
  console.log(`key to picture (8 ms steps, below 16 ms counts as 0): median ${at(0.5)} ms, 95 % ${at(0.95)} ms, worst ${at(1)} ms`);
  longTasks.sort((one, other) => one - other);
  console.log(`tasks over 50 ms: ${longTasks.length}, median ${Math.round(longTasks[Math.floor(longTasks.length / 2)] ?? 0)} ms, longest ${Math.round(longTasks.at(-1) ?? 0)} ms`);
}

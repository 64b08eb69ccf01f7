/**
 * Measures what typing and scrolling feel like with 50,000 messages in the chat and 100 a second arriving: `npm run measure`.
 *
 * - Prints figures and judges none; only a row that moves while older ones load is a fault.
 */
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

const text = "The quick brown fox jumps over the lazy dog while a hundred others talk. ".repeat(3);

execFileSync("npx", ["vite", "build", "--mode", "fake", "--logLevel", "error"], { stdio: "inherit" });
const server = await serve("build/fake", "fake.html");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  await measureTyping();
  await measureScrolling();
} finally {
  await browser.close();
  server.stop();
}

/** From the key to the next picture, as the browser itself measures it. */
async function measureTyping() {
  const page = await browser.newPage();
  await page.goto(`${server.address}/?messages=50000&rate=100#/chat/6000`);
  await page.locator("article").first().waitFor();
  await page.evaluate(() => {
    window.keys = [];
    window.longTasks = [];
    new PerformanceObserver((list) => window.keys.push(...list.getEntries().filter((entry) => entry.name === "keydown").map((entry) => entry.duration))).observe({ type: "event", durationThreshold: 16 });
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
  });
  const clock = await page.context().newCDPSession(page);
  await clock.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => (await clock.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value;
  const busyBefore = await busy();
  const before = await page.evaluate(() => window.fake.chat("6000").all.length);
  const started = Date.now();
  await page.locator("#composer").pressSequentially(text, { delay: 40 });
  const seconds = (Date.now() - started) / 1000;
  const { keys, longTasks, after, rows } = await page.evaluate(() => ({
    keys: window.keys, longTasks: window.longTasks, after: window.fake.chat("6000").all.length, rows: document.querySelectorAll("article").length,
  }));
  const share = ((await busy()) - busyBefore) / seconds;
  const slow = [...keys, ...Array(Math.max(0, text.length - keys.length)).fill(0)].sort((one, other) => one - other);
  console.log(`typing: ${text.length} keys in ${seconds.toFixed(1)} s while ${Math.round((after - before) / seconds)} messages/s arrived, ${rows} messages in the document`);
  console.log(`  key to picture (8 ms steps, under 16 ms counts as 0): median ${at(slow, 0.5)} ms, 95 % ${at(slow, 0.95)} ms, worst ${at(slow, 1)} ms`);
  console.log(`  the page's main thread worked ${Math.round(share * 100)} % of the time (its own time on the processor)`);
  console.log(`  tasks over 50 ms: ${longTasks.length}, the longest ${Math.round(Math.max(0, ...longTasks))} ms`);
  await page.close();
}

/** Scrolls up through many pages; after each frame the row in the middle has moved as far as the wheel did. */
async function measureScrolling() {
  const page = await browser.newPage();
  await page.goto(`${server.address}/?messages=50000#/chat/6000`);
  await page.locator("article").first().waitFor();
  const result = await page.evaluate(scrollUp);
  console.log(`scrolling: ${result.rows} rows passed in ${result.steps} steps, the largest jump ${result.worst.toFixed(1)} px, ${result.articles} messages in the document at most`);
  if (result.worst > 2) process.exitCode = 1;
  await page.close();
}

async function scrollUp() {
  const view = document.querySelector(".history");
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const middle = () => [...view.querySelectorAll("article")].find((row) => row.getBoundingClientRect().top > 250);
  const stepPx = 120;
  let worst = 0;
  let articles = 0;
  const seen = new Set();
  for (let step = 0; step < 600; step += 1) {
    const row = middle();
    const top = row.getBoundingClientRect().top;
    const room = Math.min(stepPx, view.scrollTop);
    view.scrollTop -= stepPx;
    await frame();
    seen.add(row.dataset.row);
    articles = Math.max(articles, view.querySelectorAll("article").length);
    if (row.isConnected) worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - top - room));
  }
  return { steps: 600, rows: seen.size, worst, articles };
}

function at(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

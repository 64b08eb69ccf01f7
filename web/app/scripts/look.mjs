/**
 * Opens every page over the invented server in light, dark, phone and right-to-left, asks axe about it, and keeps pictures in `shots/`.
 *
 * Fails if axe finds something, or if anything is refused by the page's policy. `npm run look`, with Chromium at
 * `/usr/bin/chromium` or wherever `CHROMIUM` says.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const only = process.argv[2];
const wide = { width: 1180, height: 800 };
const phone = { width: 390, height: 780 };

const looks = [
  { name: "light", viewport: wide, colorScheme: "light", language: "en" },
  { name: "dark", viewport: wide, colorScheme: "dark", language: "en" },
  { name: "phone", viewport: phone, colorScheme: "light", language: "en", hasTouch: true },
  { name: "arabic", viewport: wide, colorScheme: "light", language: "ar" },
  { name: "arabic-phone", viewport: phone, colorScheme: "dark", language: "ar", hasTouch: true },
];

const openMenu = async (page) => {
  await page.locator("article.own").last().focus();
  await page.keyboard.press("Enter");
  await page.locator(".menu").waitFor();
};
const scenes = [
  { name: "sign-in", query: "?out", hash: "" },
  { name: "list", hash: "#/" },
  { name: "group", hash: "#/chat/6000" },
  { name: "unread", hash: "#/chat/6001" },
  { name: "menu", hash: "#/chat/6000", act: openMenu },
  { name: "emoji", hash: "#/chat/6000", act: async (page) => {
    await page.locator("#composer-emoji").click();
    await page.locator("emoji-picker .emoji-menu button").first().waitFor();
  } },
  { name: "pending", hash: "#/chat/41001", act: async (page) => {
    for (const text of ["This one fails", "fail", "stall"]) {
      await page.locator("#composer").fill(text);
      await page.locator("#composer").press("Control+Enter");
    }
    await page.locator(".failed").waitFor();
    await page.locator(".stalled").waitFor();
  } },
  { name: "offline", hash: "#/chat/41002", act: async (page) => {
    await page.evaluate(() => window.fake.goOffline());
    await page.locator("#composer").fill("Sent later");
    await page.locator("#composer").press("Control+Enter");
    await page.locator(".queued").waitFor();
  } },
  { name: "reply", hash: "#/chat/6000", act: async (page) => {
    await page.locator("article.other").last().focus();
    await page.keyboard.press("r");
    await page.locator(".composer-context").waitFor();
  } },
  { name: "receipts", hash: "#/chat/6000", act: async (page) => {
    await openMenu(page);
    await page.getByRole("menuitem").nth(9).click();
    await page.locator(".receipts").last().waitFor();
  } },
  { name: "search", hash: "#/", act: async (page) => {
    await page.locator("#search").fill("ra");
    await page.locator("button.chat-line").first().waitFor();
  } },
  { name: "details", hash: "#/chat/6000/details", act: (page) => page.locator(".card-line").first().waitFor() },
  { name: "direct-details", hash: "#/chat/41001/details", act: (page) => page.locator(".row-link").nth(1).waitFor() },
  { name: "block", hash: "#/chat/41001/details", act: async (page) => {
    await page.locator(".row-link").nth(1).waitFor();
    await page.locator(".row-link").first().click();
    await page.locator("dialog").waitFor();
  } },
  { name: "report", hash: "#/chat/6000", act: async (page) => {
    await page.locator("article.other").last().focus();
    await page.keyboard.press("Enter");
    await page.locator(".menu .danger-text").last().click();
    await page.locator("dialog select").waitFor();
  } },
  { name: "new-group", hash: "#/new/group", act: async (page) => {
    await page.locator(".people-picker input").fill("user");
    await page.locator(".person").first().click();
    await page.locator(".chip").waitFor();
  } },
  { name: "settings", hash: "#/settings", act: (page) => page.locator("select").nth(3).waitFor() },
  { name: "devices", hash: "#/settings/devices", act: (page) => page.locator(".card-line").first().waitFor() },
  { name: "help", hash: "#/help" },
];

execFileSync("npx", ["vite", "build", "--mode", "fake", "--logLevel", "error"], { stdio: "inherit" });
mkdirSync("shots", { recursive: true });
const server = await serve("build/fake", "fake.html");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
let faults = 0;
for (const look of looks) {
  if (only && !look.name.startsWith(only) && !scenes.some((scene) => scene.name === only)) continue;
  const { language, ...options } = look;
  const context = await browser.newContext({ ...options, locale: language, bypassCSP: false });
  for (const scene of scenes) {
    if (only && scenes.some(({ name }) => name === only) && scene.name !== only) continue;
    await view(context, look, scene);
  }
  await context.close();
}
await browser.close();
server.stop();
console.log(faults === 0 ? "nothing found" : `${faults} found`);
process.exitCode = faults === 0 ? 0 : 1;

async function view(context, look, scene) {
  const page = await context.newPage();
  page.setDefaultTimeout(5000);
  const fault = (text) => {
    faults += 1;
    console.log(`${look.name}/${scene.name}: ${text}`);
  };
  page.on("console", (message) => message.type() === "error" && fault(message.text()));
  page.on("pageerror", (error) => fault(error.stack ?? String(error)));
  await page.goto(`${server.address}/${scene.query ?? ""}${scene.hash}`);
  await page.locator("h1").first().waitFor({ state: "attached" });
  try {
    await scene.act?.(page);
  } catch (error) {
    fault(String(error).split("\n")[0]);
  }
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  await page.screenshot({ path: `shots/${look.name}-${scene.name}.png` });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const violation of violations) {
    fault(`axe ${violation.id} (${violation.impact}): ${violation.nodes.slice(0, 3).map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
  }
  await page.close();
}

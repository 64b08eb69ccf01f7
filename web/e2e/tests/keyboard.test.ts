/** Everything without a mouse. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { scene } from "../src/stage.js";

/** Presses Tab until something with this role and name has the focus, as somebody would who listens to what is said. */
async function tabTo(page: Page, role: "button" | "link" | "textbox" | "searchbox", name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name });
  await wanted.first().waitFor();
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluateAll((all) => all.includes(document.activeElement as never))) return;
  }
  assert.fail(`Tab never came to the ${role} ${name}`);
}

scene("register, find somebody, write, answer and edit with the keyboard alone", async (stage) => {
  const bob = await stage.person("Bob");
  const ann = await stage.visitor("Ann");
  const { page } = ann;
  await tabTo(page, "button", "New here? Create an account");
  await page.keyboard.press("Enter");
  await page.getByLabel("Display name").waitFor();
  await page.keyboard.press("Shift+Tab");
  await tabTo(page, "button", "Have an account? Log in");
  // From the last button back to the first field.
  for (let back = 0; back < 4; back += 1) await page.keyboard.press("Shift+Tab");
  await page.keyboard.type(ann.identity.username);
  await page.keyboard.press("Tab");
  await page.keyboard.type(ann.identity.displayName);
  await page.keyboard.press("Tab");
  await page.keyboard.type(ann.identity.password);
  await page.keyboard.press("Enter");
  await ann.isIn();

  await page.keyboard.press("Control+k");
  await page.keyboard.type(bob.identity.username);
  await ann.chats().getByRole("button", { name: bob.identity.username }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await ann.composer().waitFor();
  await page.waitForFunction(() => document.activeElement?.id === "composer");
  await page.keyboard.type("No mouse at all");
  await page.keyboard.press("Enter");
  await ann.hasTicks("No mouse at all", "Delivered");
  await bob.open("Ann");
  await bob.say("Impressive");
  await ann.sees("Impressive");

  await page.keyboard.press("ArrowUp");
  await page.getByText("Editing a message").waitFor();
  await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>("#composer")?.value === "No mouse at all");
  await page.keyboard.type("!");
  await page.keyboard.press("Enter");
  await bob.sees("No mouse at all!");

  await page.keyboard.press("Alt+m");
  await page.waitForFunction(() => document.activeElement?.closest(".history") !== null);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("r");
  await page.getByText("Replying to Bob").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Replying to Bob").waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Keyboard shortcuts" }).waitFor({ state: "detached" });
});

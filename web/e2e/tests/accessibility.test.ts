/** What axe finds on the main pages, in light and dark: nothing; and where a phone puts the focus. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { scene } from "../src/stage.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[];
}

/** Asks axe about the page as it stands, after whatever moves has come to rest. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))).then(() => undefined));
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(on: Document, options: object): Promise<{ violations: Finding[] }> } };
    return (await axe.run(document, { resultTypes: ["violations"] })).violations;
  });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${String(node.target)} ${node.failureSummary ?? ""}`).join("; ")}`);
}

for (const colorScheme of ["light", "dark"] as const) {
  scene(`no page stumbles, in ${colorScheme}`, async (stage) => {
    const [ann, bob] = await Promise.all([stage.visitor("Ann", { colorScheme }), stage.person("Bob")]);
    const { page } = ann;
    const found: string[] = [];
    const look = async (where: string) => found.push(...(await findings(page)).map((finding) => `${where}: ${finding}`));
    await page.getByRole("button", { name: "Log in", exact: true }).waitFor();
    await look("signing in");
    await ann.register();
    await look("no chats");
    const account = await ann.account();
    const chat = await account.group("Garden", [(await bob.account()).id]);
    const first = await account.post(chat, "Beans or peas? https://example.org");
    await (await bob.account()).post(chat, "Peas", first);
    await account.edit(chat, first, "Beans or peas?");
    await ann.openById(chat);
    await ann.sees("Peas");
    await look("a group");
    await ann.message("Peas").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menu").waitFor();
    await look("the menu of a message");
    await page.keyboard.press("Escape");
    await ann.pick("Peas", "Report");
    await page.getByRole("dialog").waitFor();
    await look("a report");
    await page.keyboard.press("Escape");
    await ann.goTo(`#/chat/${await account.direct((await bob.account()).id)}/details`);
    await page.getByRole("button", { name: "Block Bob" }).click();
    await page.getByRole("dialog").waitFor();
    await look("the question before blocking");
    await page.keyboard.press("Escape");
    await look("details of a direct chat");
    for (const [hash, heading] of pages(chat)) {
      await ann.goTo(hash);
      await page.getByRole("heading", { name: heading }).waitFor();
      await look(heading);
    }
    assert.deepEqual(found, []);
  });
}

scene("on a phone the name of a chat that is opened takes the focus", async (stage) => {
  const phone = { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true };
  const [ann, bob] = await Promise.all([stage.person("Ann", phone), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.page.waitForFunction(() => document.activeElement?.matches("h1") && document.activeElement.textContent === "Bob");
});

function pages(chat: string): readonly (readonly [string, string])[] {
  return [
    [`#/chat/${chat}/details`, "Group details"],
    ["#/new", "New chat"],
    ["#/new/group", "New group"],
    ["#/settings", "Settings"],
    ["#/settings/devices", "Devices"],
    ["#/help", "Keyboard shortcuts"],
  ];
}

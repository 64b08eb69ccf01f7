/** What one chooses in the settings: for others to see, and for one's own eyes. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { scene } from "../src/stage.js";

scene("others see the status that one has chosen, and who is invisible as gone", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await (await bob.account()).direct((await ann.account()).id);
  await bob.open("Ann");
  const shown = bob.page.getByRole("main");
  await shown.getByText("Online", { exact: true }).waitFor();
  await ann.goTo("#/settings");
  const chosen = ann.page.getByLabel("Status");
  for (const [status, seen] of [["Busy", "Busy"], ["Away", "Away"], ["Invisible", /^Last seen /], ["Online", "Online"]] as const) {
    await chosen.selectOption(status);
    await shown.getByText(seen, { exact: true }).waitFor();
  }
  await chosen.selectOption("Busy");
  await shown.getByText("Busy", { exact: true }).waitFor();
  await ann.page.reload();
  await ann.page.getByRole("link", { name: "Ann" }).getByRole("img", { name: "Busy" }).waitFor();
  assert.equal(await chosen.locator("option:checked").textContent(), "Busy");
  await shown.getByText("Busy", { exact: true }).waitFor();
});

/** Whether the page is painted dark behind everything. */
function isDark(page: Page): Promise<boolean> {
  return page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0]) < 128);
}

for (const [system, other] of [["light", "Dark"], ["dark", "Light"]] as const) {
  scene(`a page that is ${other.toLowerCase()} on a ${system} system is so again after a reload, until one leaves it to the system`, async (stage) => {
    const ann = await stage.person("Ann", { colorScheme: system });
    const { page } = ann;
    const theme = page.getByLabel("Theme");
    assert.equal(await isDark(page), system === "dark");
    await ann.goTo("#/settings");
    await theme.selectOption(other);
    assert.equal(await isDark(page), other === "Dark");
    await page.reload();
    await theme.waitFor();
    assert.equal(await theme.locator("option:checked").textContent(), other);
    assert.equal(await isDark(page), other === "Dark");
    await theme.selectOption("As the system");
    assert.equal(await isDark(page), system === "dark");
  });
}

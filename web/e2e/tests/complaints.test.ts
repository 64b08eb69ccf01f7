/** Keeping somebody at a distance: privacy, blocking, reports. */
import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import type { Person } from "../src/person.js";
import { scene } from "../src/stage.js";

/** Presses a button as somebody without a mouse would, once it is drawn as one that can be pressed. */
async function press({ page }: Person, button: string): Promise<void> {
  await page.getByRole("button", { name: button, disabled: false }).focus();
  await page.keyboard.press("Enter");
}

/** Fills a field in and sends its form before the browser draws a frame, as programs that type for people do. */
function fillAndSend(field: Locator, text: string): Promise<void> {
  return field.evaluate((element: HTMLTextAreaElement, value) => {
    element.value = value;
    element.dispatchEvent(new Event("input", { bubbles: true }));
    element.form?.requestSubmit();
  }, text);
}

scene("nobody is told when somebody was last here who does not want it", async (stage) => {
  const [ann, bob, cleo] = await Promise.all([stage.person("Ann"), stage.person("Bob"), stage.person("Cleo")]);
  await ann.goTo("#/settings");
  await ann.page.getByLabel("Who sees when I was last here").focus();
  await ann.page.keyboard.type("N");
  await ann.page.getByText("Saved.").waitFor();
  await ann.page.reload();
  await ann.page.getByLabel("Who sees when I was last here").waitFor();
  assert.equal(await ann.page.getByLabel("Who sees when I was last here").inputValue(), "nobody");
  const main = bob.page.getByRole("main");
  await bob.talkTo(cleo);
  await cleo.page.close();
  await main.getByText("Last seen").waitFor();
  await bob.talkTo(ann);
  await main.getByText("Online").waitFor();
  await ann.page.close();
  await main.getByText("Offline", { exact: true }).waitFor();
  assert.equal(await main.getByText("Last seen").count(), 0);
});

scene("who is blocked cannot write until the block is taken back", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("Hello Bob");
  await bob.open("Ann");
  await bob.sees("Hello Bob");
  const details = `#/chat/${ann.openChat()}/details`;
  await ann.goTo(details);
  await press(ann, "Block Bob");
  await ann.page.getByRole("dialog").getByRole("button", { name: "Block Bob" }).focus();
  await ann.page.keyboard.press("Enter");
  await ann.page.getByText("You have blocked Bob.").waitFor();
  await bob.say("Are you there?");
  await bob.message("Are you there?").getByText("Not sent: One of you has blocked the other.").waitFor();
  await ann.page.reload();
  await ann.page.getByText("You have blocked Bob.").waitFor();
  await press(ann, "Unblock Bob");
  await ann.page.getByRole("button", { name: "Block Bob", exact: true }).waitFor();
  await bob.page.getByRole("button", { name: "Try again" }).click();
  await ann.goTo(`#/chat/${bob.openChat()}`);
  await ann.sees("Are you there?");
}, { refusals: true });

scene("a message and a person are reported to the operators, and to nobody else", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await bob.talkTo(ann);
  await bob.say("Buy my pills");
  await ann.open("Bob");
  const chat = ann.openChat();
  await ann.pick("Buy my pills", "Report");
  const dialog = ann.page.getByRole("dialog", { name: "Report this message" });
  // Fewer letters than the server takes bytes, and more bytes.
  await dialog.getByLabel("Note").fill("é".repeat(501));
  await dialog.getByText("The note is too long.").waitFor();
  assert.equal(await dialog.getByRole("button", { name: "Send report" }).isDisabled(), true);
  await dialog.getByLabel("Note").fill("every day");
  await press(ann, "Send report");
  await ann.page.getByText("The operators have your report.").waitFor();
  await dialog.waitFor({ state: "detached" });
  await ann.goTo(`#/chat/${chat}/details`);
  await press(ann, "Report Bob");
  await ann.page.getByLabel("What is wrong?").selectOption("abuse");
  await fillAndSend(ann.page.getByLabel("Note"), "still");
  await ann.page.getByRole("dialog").waitFor({ state: "detached" });
  const [annId, bobId] = [(await ann.account()).id, (await bob.account()).id];
  const reports = (await stage.server.reports()).filter(({ reporter }) => reporter === annId);
  assert.deepEqual(
    reports.map(({ user, reason, note }) => ({ user, reason, note })),
    [{ user: bobId, reason: "spam", note: "every day" }, { user: bobId, reason: "abuse", note: "still" }],
  );
  assert.deepEqual(reports.map((report) => report.chat), [chat, undefined]);
  assert.equal(await bob.page.getByText("report", { exact: false }).count(), 0);
});

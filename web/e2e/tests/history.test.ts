/** A chat with some thousand messages: opened at what is unread, and scrolled to its beginning without a jump. */
import assert from "node:assert/strict";
import { shownLines } from "../src/conversation.js";
import { fill } from "../src/filling.js";
import { scene } from "../src/stage.js";

/** Lines of different heights. */
const texts = Array.from({ length: 2_000 }, (_, index) => `line ${index}${index % 7 === 0 ? "\nand a second one".repeat(index % 3) : ""}`);

scene("two thousand messages are all there, in order, from the last to the first", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  const [annsAccount, bobsAccount] = [await ann.account(), await bob.account()];
  const chat = await bobsAccount.direct(annsAccount.id);
  await fill(bobsAccount, chat, texts);
  await ann.open("Bob");
  await ann.page.getByText("New messages", { exact: true }).waitFor();
  await ann.page.getByRole("button", { name: /^Jump to the latest/ }).click();
  const history = await annsAccount.history(chat);
  await ann.page.locator(`[data-seq="${history.at(-1)?.seq}"]`).waitFor();
  const shown = await shownLines(ann.page);
  assert.deepEqual(shown.map((line) => [line.seq, line.text]), history.map((entry) => [entry.seq, entry.kind === "message" ? entry.body?.text : undefined]));
  const drawn = await ann.page.getByRole("article").count();
  assert(drawn <= 500, `${drawn} messages are in the document at once`);
});

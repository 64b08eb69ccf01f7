/** A chat with many messages: opened at what is unread or by a link, and scrolled to its ends without a jump. */
import assert from "node:assert/strict";
import { shownLines } from "../src/conversation.js";
import { fill } from "../src/filling.js";
import { scrollTo } from "../src/scrolling.js";
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

scene("from an old message up and down, slowly and in leaps, lines move with the hand and not otherwise", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.account("Bob")]);
  const account = await ann.account();
  const chat = await bob.direct(account.id);
  // More than stay in the document at once, so that lines go at one end while others come at the other; and one more than whole pages.
  await fill(bob, chat, texts.slice(0, 700));
  const history = await account.history(chat);
  const [first, old, last] = [history[0], history[300], history.at(-1)];
  assert(first && old && last);
  await ann.goTo(`#/chat/${chat}/message/${old.seq}`);
  await ann.page.waitForFunction((seq) => document.activeElement?.getAttribute("data-seq") === seq, String(old.seq));
  const journeys = [];
  for (const [hand, until] of [["up", first], ["down", last], ["leap up", first], ["leap down", last]] as const) {
    journeys.push({ hand, ...(await scrollTo(ann.page, hand, until.seq)) });
  }
  assert.deepEqual(journeys.flatMap(({ hand, jumps }) => jumps.map((jump) => `${hand}: ${jump}`)), []);
  // How many come at once is up to the frames; those that went at the other end come back in more than one page.
  assert(journeys.every(({ pages }) => pages >= 2), `${journeys.map(({ pages }) => pages)} pages came`);
});

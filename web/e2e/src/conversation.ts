/**
 * What a page shows of a chat, read off the screen from the last line to the first, and compared with the server's history.
 */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Person } from "./person.js";
import type { Account, Entry } from "./rest.js";

/** One line of the conversation. */
export interface Line {
  readonly seq: number;
  readonly own: boolean;
  /** Absent for a notice, whose sentence depends on the language. */
  readonly text?: string;
  readonly edited: boolean;
  readonly deleted: boolean;
  readonly answer: boolean;
  readonly reactions: readonly string[];
}

/** Waits until nothing is on its way any more, then reads and compares everything. */
export async function showsHistory(person: Person, account: Account): Promise<void> {
  await person.page.locator(".pending, .pending-state").first().waitFor({ state: "detached" });
  const history = await account.history(person.openChat());
  const last = history.at(-1);
  assert(last, "the chat is empty");
  await person.page.locator(`[data-seq="${last.seq}"]`).waitFor();
  assert.deepEqual(await shownLines(person.page), history.map((entry) => lineOf(entry, account.id)));
}

function lineOf(entry: Entry, me: string): Line {
  const isDeleted = entry.deleted === true;
  const isMessage = entry.kind === "message";
  return {
    seq: entry.seq,
    own: isMessage && entry.author === me,
    ...(isMessage ? { text: isDeleted ? "This message was deleted." : (entry.body?.text ?? "") } : {}),
    edited: !isDeleted && entry.edited_at !== undefined,
    deleted: isDeleted,
    answer: !isDeleted && entry.reply_to !== undefined,
    reactions: (entry.reactions ?? []).map(({ emoji, users }) => `${emoji}${users.length}`),
  };
}

/** Scrolls from the end to the beginning as far as it goes and notes every line that comes by. Leaves the page at its end. */
export function shownLines(page: Page): Promise<Line[]> {
  return page.evaluate(async () => {
    const view = document.querySelector<HTMLElement>(".history");
    if (!view) throw new Error("no conversation is open");
    const lines = new Map<number, Line>();
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const textOf = (row: Element) => row.querySelector(".text")?.textContent ?? "";
    const lineOf = (row: HTMLElement): Line => ({
      seq: Number(row.dataset.seq),
      own: row.classList.contains("own"),
      ...(row.matches("article") ? { text: textOf(row) } : {}),
      edited: [...row.querySelectorAll(".meta span")].some((mark) => mark.textContent === "edited"),
      deleted: row.classList.contains("deleted"),
      answer: row.querySelector(".quote") !== null,
      reactions: [...row.querySelectorAll(".reaction")].map((reaction) => reaction.textContent ?? ""),
    });
    const note = () => {
      for (const row of view.querySelectorAll<HTMLElement>("[data-seq]")) lines.set(Number(row.dataset.seq), lineOf(row));
    };
    const isAtBeginning = () => view.scrollTop <= 0 && view.textContent?.includes("This is where the conversation begins.");
    view.scrollTop = view.scrollHeight;
    await frame();
    note();
    while (!isAtBeginning()) {
      // What is drawn is noted, also out of view: as far as lines are loaded, nothing is missed.
      view.scrollTop = 0;
      await frame();
      note();
    }
    // What says that this is the beginning may be drawn a frame before the first line.
    await frame();
    note();
    view.scrollTop = view.scrollHeight;
    await frame();
    return [...lines.values()].sort((one, other) => one.seq - other.seq);
  });
}

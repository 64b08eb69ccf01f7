/**
 * A conversation scrolled by hand through what loads meanwhile: a line in view moves with the hand, and not otherwise.
 *
 * - Places are compared after each change of the lines, before anything is painted, and again after each frame.
 */
import type { Page } from "playwright-core";

export interface Journey {
  /** Lines that moved by themselves, and by how much. */
  readonly jumps: readonly string[];
  /** How often further lines came at the end one scrolls to. */
  readonly pages: number;
}

/** What the hand does: half a view a frame, or at once as far as lines have been loaded. */
export type Hand = "up" | "down" | "leap up" | "leap down";

const views: Readonly<Record<Hand, number>> = { up: -0.5, down: 0.5, "leap up": -1_000, "leap down": 1_000 };

/** Scrolls until the line `until` is there and the view can go no further. */
export function scrollTo(page: Page, hand: Hand, until: number): Promise<Journey> {
  return page.evaluate(journey, { views: views[hand], until, roundingPx: 2 });
}

/** Runs in the page, and may use nothing from around it. */
async function journey({ views, until, roundingPx }: { views: number; until: number; roundingPx: number }): Promise<Journey> {
  const view = document.querySelector<HTMLElement>(".history");
  if (!view) throw new Error("no conversation is open");
  const lines = () => [...view.querySelectorAll<HTMLElement>("[data-seq]")];
  const seqOf = (line: HTMLElement | undefined) => Number(line?.dataset.seq);
  const farthest = () => seqOf(lines().at(views < 0 ? 0 : -1));
  const jumps: string[] = [];
  // Where the lines that were in view have to be now, measured from the view's upper edge: they moved with the hand since they came into view.
  let places = new Map<number, number>();
  const compare = (when: string) => {
    const { top, bottom } = view.getBoundingClientRect();
    const now = new Map<number, number>();
    for (const line of lines()) {
      const box = line.getBoundingClientRect();
      const place = box.top - top;
      const wanted = places.get(seqOf(line)) ?? place;
      const isOff = Math.abs(place - wanted) > roundingPx;
      if (isOff) jumps.push(`${seqOf(line)} by ${(place - wanted).toFixed(1)} px ${when}`);
      if (box.bottom > top && box.top < bottom) now.set(seqOf(line), isOff ? place : wanted);
    }
    places = now;
  };
  let pages = 0;
  let farthestBefore = farthest();
  let changed = () => {};
  const observer = new MutationObserver(() => {
    compare("as lines came or went");
    if (farthest() !== farthestBefore) pages += 1;
    farthestBefore = farthest();
    changed();
  });
  observer.observe(view, { childList: true, subtree: true });
  const scroll = () => {
    const before = view.scrollTop;
    view.scrollTop += views * view.clientHeight;
    const moved = view.scrollTop - before;
    for (const [seq, place] of places) places.set(seq, place - moved);
    return moved;
  };
  // The task after a frame finds the page as it was painted.
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  compare("at the start");
  for (;;) {
    const furtherLines = new Promise<void>((resolve) => {
      changed = resolve;
    });
    const moved = scroll();
    await painted();
    compare("after a frame");
    if (moved !== 0) continue;
    if (farthest() === until) break;
    await furtherLines;
  }
  observer.disconnect();
  return { jumps, pages };
}

/**
 * Keeps a conversation where it is while rows are added and removed above and below.
 *
 * - Several rows are remembered, because the first visible one may be among those that go.
 * - Browsers do the same by themselves, but not all of them and not when the row at the edge is replaced; it is switched off in the styles.
 */

export interface Anchor {
  row: string;
  /** Distance from the upper edge of the view, in pixels. */
  top: number;
}

/**
 * The rows that are in view, from the upper one down; lines of the log before all others, because the separator above the first
 * loaded line of a day goes up with that when earlier ones come.
 */
export function takeAnchors(view: HTMLElement): Anchor[] {
  const edge = view.getBoundingClientRect();
  const lines: Anchor[] = [];
  const others: Anchor[] = [];
  for (const element of rowsIn(view)) {
    const box = element.getBoundingClientRect();
    if (box.bottom <= edge.top) continue;
    if (box.top >= edge.bottom) break;
    const anchors = element.dataset.seq === undefined ? others : lines;
    anchors.push({ row: element.dataset.row ?? "", top: box.top - edge.top });
  }
  return [...lines, ...others];
}

/** Scrolls so that the first remembered row that still exists is where it was; says whether one does. */
export function restoreAnchor(view: HTMLElement, anchors: readonly Anchor[]): boolean {
  const edge = view.getBoundingClientRect();
  for (const anchor of anchors) {
    const element = findRow(view, anchor.row);
    if (!element) continue;
    const moved = element.getBoundingClientRect().top - edge.top - anchor.top;
    // Less than half a pixel is rounding, and correcting it would start a slow drift.
    if (Math.abs(moved) >= 0.5) view.scrollTop += moved;
    return true;
  }
  return false;
}

export function findRow(view: HTMLElement, row: string): HTMLElement | undefined {
  return view.querySelector<HTMLElement>(`[data-row="${CSS.escape(row)}"]`) ?? undefined;
}

export function rowsIn(view: HTMLElement): NodeListOf<HTMLElement> {
  return view.querySelectorAll<HTMLElement>("[data-row]");
}

/** What is in view, by seq; 0 where nothing is. */
export interface Seen {
  first: number;
  last: number;
  /** The last one that is in view to its end. */
  whole: number;
}

export function seenIn(view: HTMLElement): Seen {
  const edge = view.getBoundingClientRect();
  const seen: Seen = { first: 0, last: 0, whole: 0 };
  const rows = rowsIn(view);
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index];
    const seq = Number(row?.dataset.seq ?? 0);
    if (!row || seq === 0) continue;
    const box = row.getBoundingClientRect();
    if (box.bottom < edge.top) break;
    // A pixel of tolerance, because heights are not whole numbers.
    if (box.bottom <= edge.bottom + 1) seen.whole ||= seq;
    if (box.top <= edge.bottom) {
      seen.last ||= seq;
      seen.first = seq;
    }
  }
  return seen;
}

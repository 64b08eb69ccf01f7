/**
 * Arrow keys in lists and menus: one stop for Tab, and from there up, down, first and last.
 */

const steps: Readonly<Record<string, (index: number, count: number) => number>> = {
  ArrowDown: (index, count) => Math.min(index + 1, count - 1),
  ArrowUp: (index) => Math.max(index - 1, 0),
  Home: () => 0,
  End: (_index, count) => count - 1,
};

/** Moves the focus among the elements that match, if the key asks for it. Says whether it did. */
export function moveFocus(event: KeyboardEvent, list: HTMLElement, matching: string): boolean {
  const step = steps[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return false;
  const items = [...list.querySelectorAll<HTMLElement>(matching)];
  const index = items.findIndex((item) => item.contains(document.activeElement));
  const next = items[index < 0 ? 0 : step(index, items.length)];
  if (!next) return false;
  event.preventDefault();
  next.focus();
  return true;
}

/** In rows of buttons: along the line, which runs the other way in right-to-left languages. */
export function moveFocusAlong(event: KeyboardEvent, list: HTMLElement, matching: string): boolean {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return false;
  const items = [...list.querySelectorAll<HTMLElement>(matching)];
  const index = items.findIndex((item) => item.contains(document.activeElement));
  const forward = (event.key === "ArrowRight") === (getComputedStyle(list).direction === "ltr");
  const next = items[index + (forward ? 1 : -1)];
  if (index < 0 || !next) return false;
  event.preventDefault();
  next.focus();
  return true;
}

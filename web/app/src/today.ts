/**
 * Which day it is, for everything that says “today” or a weekday: changes at midnight, though nothing else does.
 */
import type { Readable, Timestamp } from "parlour-client";
import { startOfDay } from "./i18n/dates.js";
import { createCell, useReadable } from "./readable.js";

/** The beginning of the current day; looked at again at midnight, and when one comes back to a device that slept over it. */
export function createToday(page: EventTarget): Readable<Timestamp> {
  const today = createCell(startOfDay(Date.now()));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    today.set(startOfDay(Date.now()));
    timer = setTimeout(look, startOfNextDay(Date.now()) - Date.now());
  };
  page.addEventListener("visibilitychange", look);
  look();
  return today;
}

/** Not a number of hours later: a day on which the clocks change is longer or shorter. */
function startOfNextDay(at: Timestamp): Timestamp {
  const date = new Date(at);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}

let shared: Readable<Timestamp> | undefined;

/** The beginning of the current day; the component is drawn again when another one begins. */
export function useToday(): Timestamp {
  shared ??= createToday(document);
  return useReadable(shared);
}

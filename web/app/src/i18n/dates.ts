/**
 * Dates and times as people read them, in the language, the region and the time zone of the reader.
 */
import type { Timestamp } from "parlour-client";

export interface Dates {
  /** “14:05”. */
  time(at: Timestamp): string;
  /** “Monday, 2 March 2026”; the year only if it is another one. */
  day(at: Timestamp, now: Timestamp): string;
  /** Date and time, for tooltips and details. */
  full(at: Timestamp): string;
  /** As short as the chat list needs it: time today, weekday this week, else the date. */
  short(at: Timestamp, now: Timestamp): string;
}

/** How many midnights of the local calendar lie between two times. */
export function daysBetween(earlier: Timestamp, later: Timestamp): number {
  return Math.round((startOfDay(later) - startOfDay(earlier)) / 86_400_000);
}

/** A number that is the same for two times of one local day. */
export function startOfDay(at: Timestamp): Timestamp {
  const date = new Date(at);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** `tag` names the language and, where it is known, the region. */
export function createDates(tag: string): Dates {
  const formatter = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(tag, options);
  const clock = clockOf(tag);
  const time = formatter({ hour: "numeric", minute: "2-digit", ...clock });
  const day = formatter({ weekday: "long", day: "numeric", month: "long" });
  const dayOfOtherYear = formatter({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const full = formatter({ dateStyle: "medium", timeStyle: "short", ...clock });
  const weekday = formatter({ weekday: "short" });
  const date = formatter({ day: "numeric", month: "short" });
  const dateOfOtherYear = formatter({ day: "numeric", month: "numeric", year: "numeric" });
  const sameYear = (at: Timestamp, now: Timestamp) => new Date(at).getFullYear() === new Date(now).getFullYear();
  return {
    time: (at) => time.format(at),
    day: (at, now) => (sameYear(at, now) ? day : dayOfOtherYear).format(at),
    full: (at) => full.format(at),
    short(at, now) {
      const days = daysBetween(at, now);
      if (days <= 0) return time.format(at);
      if (days < 7) return weekday.format(at);
      return (sameYear(at, now) ? date : dateOfOtherYear).format(at);
    },
  };
}

type HourCycle = "h11" | "h12" | "h23" | "h24";
/** What some browsers offer as a function, and others as a field. */
type RegionalLocale = Intl.Locale & { getHourCycles?(): HourCycle[]; hourCycles?: HourCycle[] };

/** The clock of the region, where the language by itself would have another one: Arabic in Britain counts to 24. */
function clockOf(tag: string): { hourCycle?: HourCycle } {
  const locale: RegionalLocale = new Intl.Locale(tag);
  const [regional] = locale.getHourCycles?.() ?? locale.hourCycles ?? [];
  const { hourCycle } = new Intl.DateTimeFormat(tag, { hour: "numeric" }).resolvedOptions();
  return regional === undefined || regional === hourCycle ? {} : { hourCycle: regional };
}

/**
 * The pictures on buttons. They say nothing to a screen reader: the button has a label.
 */

const paths = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5",
  settings: "M4 7h9M19 7h1M4 17h1M11 17h9M16 4.5v5M8 14.5v5",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  reply: "M10 6l-6 6 6 6M4 12h10c4 0 6 2.500 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  send: "M5 12l-1.500-7.500L21 12 3.500 19.500 5 12zM5 12h8",
  smile: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM8.500 14.500c1.800 2.300 5.200 2.300 7 0M9 9.500h.01M15 9.500h.01",
  people: "M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM3 19.500c.5-7 11.500-7 12 0M16 5.200a3.500 3.500 0 0 1 0 6M17.500 14.600c2 .7 3.300 2.400 3.500 4.900",
  info: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 11v5.500M12 7.800h.01",
  check: "M4.500 12.500l5 5L20 7",
  clock: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 7.500V12l3 2",
  alert: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 7.500v5.500M12 16.200h.01",
  pencil: "M4 20l1-4.500L16.500 4l3.500 3.500L8.500 19 4 20zM14 6.500l3.500 3.500",
  trash: "M4.500 7h15M9 7V4.500h6V7M6.500 7l1 12.500h9l1-12.500M10.500 11v5M13.500 11v5",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  eye: "M2.500 12c4-8.500 15-8.500 19 0-4 8.500-15 8.500-19 0zM12 9.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600z",
  keyboard: "M3 7h18v10H3zM7 10.500h.01M12 10.500h.01M17 10.500h.01M8 14h8",
  devices: "M4 5h12v9H4zM2.500 17.500H12M16 9.500h5v10h-5z",
  block: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM6 6l12 12",
  flag: "M5.500 21V4M5.500 5c5-3 8 3 13.500 0v9c-5.500 3-8.500-3-13.500 0",
  leave: "M14 4.500H5v15h9M10 12h10.500M17 8.500l3.500 3.500-3.500 3.500",
} as const;

export type IconName = keyof typeof paths;

/** Pictures that point along the line turn around where the line does. */
const directed: ReadonlySet<IconName> = new Set(["back", "reply", "send", "leave"]);

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={directed.has(name) ? "icon directed" : `icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

/** The sign of the application: an armchair whose back is a speech bubble. */
export function Sign() {
  return (
    <svg class="sign" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <path class="sign-back" d="M22 8h20a10 10 0 0 1 10 10v12H12V18A10 10 0 0 1 22 8z" />
      <path class="sign-seat" d="M6 28a6 6 0 0 1 12 0v8h28v-8a6 6 0 0 1 12 0v16a6 6 0 0 1-6 6H26l-9 8v-8h-5a6 6 0 0 1-6-6z" />
    </svg>
  );
}

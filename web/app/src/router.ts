/**
 * Where one is, kept in the address bar after `#`, so that links, reload and the back button work.
 */
import type { Id, Readable, Seq } from "parlour-client";
import { createCell } from "./readable.js";

export type Route =
  | { page: "home" }
  /** A conversation; with `seq` at a certain message. */
  | { page: "chat"; chat: Id; seq?: Seq }
  | { page: "details"; chat: Id }
  | { page: "new" }
  | { page: "new-group" }
  | { page: "settings" }
  | { page: "sessions" }
  | { page: "help" };

/** The route that a hash names; anything unknown is the first page. */
export function parseRoute(hash: string): Route {
  const [page, id, part, ...rest] = hash.replace(/^#?\/?/, "").split("/");
  if (page === "chat" && isId(id)) return parseChat(id, part, rest[0]);
  if (page === "new") return id === "group" ? { page: "new-group" } : { page: "new" };
  if (page === "settings") return id === "devices" ? { page: "sessions" } : { page: "settings" };
  return page === "help" ? { page: "help" } : { page: "home" };
}

function parseChat(chat: Id, part: string | undefined, seq: string | undefined): Route {
  if (part === "details") return { page: "details", chat };
  if (part === "message" && isId(seq)) return { page: "chat", chat, seq: Number(seq) };
  return { page: "chat", chat };
}

const isId = (text: string | undefined): text is string => text !== undefined && /^[0-9]{1,19}$/.test(text);

export function hashOf(route: Route): string {
  switch (route.page) {
    case "home": return "#/";
    case "chat": return route.seq === undefined ? `#/chat/${route.chat}` : `#/chat/${route.chat}/message/${route.seq}`;
    case "details": return `#/chat/${route.chat}/details`;
    case "new-group": return "#/new/group";
    case "sessions": return "#/settings/devices";
    default: return `#/${route.page}`;
  }
}

/** The chat that a route belongs to, if it belongs to one. */
export function chatOf(route: Route): Id | undefined {
  return route.page === "chat" || route.page === "details" ? route.chat : undefined;
}

export interface Router {
  readonly route: Readable<Route>;
  /** Goes somewhere; `replace` leaves no step for the back button. */
  go(route: Route, how?: "replace"): void;
}

export function createRouter(page: Window): Router {
  const route = createCell(parseRoute(page.location.hash));
  page.addEventListener("hashchange", () => route.set(parseRoute(page.location.hash)));
  return {
    route,
    go(next, how) {
      const hash = hashOf(next);
      if (hash === page.location.hash) return;
      if (how !== "replace") {
        page.location.hash = hash;
        return;
      }
      page.history.replaceState(null, "", hash);
      route.set(next);
    },
  };
}

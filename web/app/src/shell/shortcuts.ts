/**
 * The keys that work everywhere; the help page lists them.
 *
 * - Letters are read by their place on the keyboard, because Alt changes what they write on some systems.
 * - What a key does in the field one types in goes before.
 */
import type { Client } from "parlour-client";
import { useEffect } from "preact/hooks";
import { useSurroundings } from "../context.js";
import { chatOf, type Router } from "../router.js";
import { belongsToField, fieldOf, isComposing } from "./field-keys.js";

export function useShortcuts(): void {
  const { client, router } = useSurroundings();
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isComposing(event) || document.querySelector("dialog[open], :popover-open")) return;
      if (run(event, client, router)) event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [client, router]);
}

function run(event: KeyboardEvent, client: Client, router: Router): boolean {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.code === "KeyK") return focus("search");
  if (event.altKey && !event.ctrlKey && !event.metaKey) {
    return !belongsToField(event, fieldOf(event.target), isMac()) && runWithAlt(event, client, router);
  }
  if (event.ctrlKey || event.metaKey) return false;
  if (event.key === "Escape") return goBack(router);
  if (event.key !== "?" || fieldOf(event.target) !== "none") return false;
  router.go({ page: "help" });
  return true;
}

function runWithAlt(event: KeyboardEvent, client: Client, router: Router): boolean {
  switch (event.code) {
    case "KeyN": router.go({ page: "new" }); return true;
    case "Comma": router.go({ page: "settings" }); return true;
    case "KeyM": return focusOn(".history");
    case "KeyC": return focus("composer");
    case "KeyE": return press("composer-emoji");
    case "End": return press("to-latest");
    case "ArrowDown": return event.shiftKey ? goToUnread(client, router) : step(1, client, router);
    case "ArrowUp": return step(-1, client, router);
    default: return false;
  }
}

function step(by: number, client: Client, router: Router): boolean {
  const chats = client.chats.value;
  const open = chats.findIndex((chat) => chat.id === chatOf(router.route.value));
  const next = chats[open < 0 ? 0 : open + by];
  if (next) router.go({ page: "chat", chat: next.id });
  return true;
}

function goToUnread(client: Client, router: Router): boolean {
  const open = chatOf(router.route.value);
  const next = client.chats.value.find((chat) => chat.unread > 0 && chat.id !== open);
  if (next) router.go({ page: "chat", chat: next.id });
  return true;
}

/** From the pages over a chat back to it, and from there to the list. */
function goBack(router: Router): boolean {
  const route = router.route.value;
  switch (route.page) {
    case "home": return false;
    case "details": router.go({ page: "chat", chat: route.chat }); return true;
    case "sessions": router.go({ page: "settings" }); return true;
    case "new-group": router.go({ page: "new" }); return true;
    case "chat": return focusOn(".chat-list [tabindex='0']");
    default: router.go({ page: "home" }); return true;
  }
}

function focus(id: string): boolean {
  const element = document.getElementById(id);
  element?.focus();
  return element !== null;
}

function focusOn(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  return element !== null;
}

function press(id: string): boolean {
  const element = document.getElementById(id);
  element?.click();
  return element !== null;
}

const isMac = () => /Mac OS|iPhone|iPad/.test(navigator.userAgent);

/**
 * The keyboard in the messages: one stop for Tab, arrows from message to message, and letters for what one does with them.
 */
import type { ChatSummary, Message, Seq } from "parlour-client";
import { moveFocus } from "../ui/roving.js";
import { type MessageActions, rightsOn } from "./actions.js";

interface KeyContext {
  view: HTMLElement | null;
  bySeq: ReadonlyMap<Seq, Message>;
  actions: MessageActions;
  me: string;
  summary: ChatSummary;
}

const rows = "article[data-row]";

export function messageKey(event: KeyboardEvent, context: KeyContext): void {
  const { view } = context;
  if (!view || !(event.target instanceof HTMLElement)) return;
  const row = event.target.closest<HTMLElement>(rows);
  if (!row) return enterList(event, view);
  if (moveFocus(event, view, rows) || event.altKey || event.ctrlKey || event.metaKey) return;
  // Inside of a row, on a link or a button, keys belong to that.
  if (event.target !== row) {
    if (event.key === "Escape") leaveRow(event, row);
    return;
  }
  const message = context.bySeq.get(Number(row.dataset.seq));
  if (message && "body" in message.content && act(event.key, message, row, context)) event.preventDefault();
}

/** From the list itself the arrow up goes to the last message in it. */
function enterList(event: KeyboardEvent, view: HTMLElement): void {
  if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
  const all = view.querySelectorAll<HTMLElement>(rows);
  const last = all[all.length - 1];
  if (!last) return;
  event.preventDefault();
  last.focus();
}

function leaveRow(event: KeyboardEvent, row: HTMLElement): void {
  event.stopPropagation();
  row.focus();
}

function act(key: string, message: Message, row: HTMLElement, { actions, me, summary }: KeyContext): boolean {
  const rights = rightsOn(message, me, summary);
  switch (key) {
    case "Enter": case " ": case "ContextMenu": actions.openMenu(message, row); return true;
    case "r": case "R": actions.reply(message); return true;
    case "c": case "C": actions.copy(message); return true;
    case "e": case "E": if (rights.canEdit) actions.edit(message); return rights.canEdit;
    case "Delete": if (rights.canDelete) actions.askDelete(message); return rights.canDelete;
    default: return false;
  }
}

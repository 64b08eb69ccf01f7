/**
 * What one can do with a message, in one object that stays the same, so that rows are not drawn again because of it.
 */
import type { Message, Pending, Seq } from "parlour-client";

export interface MessageActions {
  reply(message: Message): void;
  edit(message: Message): void;
  askDelete(message: Message): void;
  copy(message: Message): void;
  react(message: Message, emoji: string): void;
  /** Opens the menu beside an element. */
  openMenu(message: Message, anchor: HTMLElement): void;
  /** Shows another message, wherever in the history it is. */
  jump(seq: Seq): void;
  retry(pending: Pending): void;
  discard(pending: Pending): void;
}

/** What the rules of the chat allow with a message; the server decides in the end. */
export interface Rights {
  canEdit: boolean;
  canDelete: boolean;
  canReact: boolean;
}

export function rightsOn(message: Message, me: string, chat: { type: "direct" | "group"; role: string }): Rights {
  const isOwn = message.author === me;
  const hasBody = "body" in message.content;
  const isAdmin = chat.type === "group" && chat.role !== "member";
  return {
    canEdit: isOwn && hasBody && "body" in message.content && message.content.body.type === "text",
    canDelete: hasBody && (isOwn || isAdmin),
    canReact: hasBody,
  };
}

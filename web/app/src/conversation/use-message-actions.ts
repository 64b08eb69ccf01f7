/**
 * Makes the actions of an open chat. What fails at once, because the device refuses it, is said in a note.
 */
import type { Chat, Message } from "parlour-client";
import { useMemo } from "preact/hooks";
import { useLocale, useMe } from "../context.js";
import { problemOf, problemText } from "../i18n/problems.js";
import type { Cell } from "../readable.js";
import { useNotes } from "../ui/notes.js";
import type { MessageActions } from "./actions.js";
import { editableText } from "./composer.js";
import type { Intent } from "./composer-context.js";
import type { Overlay } from "./overlay.js";

interface ActionsInput {
  chat: Chat;
  intent: Cell<Intent>;
  setOverlay: (overlay: Overlay | undefined) => void;
  jump: (seq: number) => void;
}

export function useMessageActions({ chat, intent, setOverlay, jump }: ActionsInput): MessageActions {
  const { translate } = useLocale();
  const me = useMe();
  const note = useNotes();
  return useMemo(() => {
    const attempt = (work: Promise<unknown>) => work.catch((error: unknown) => note(problemText(translate, problemOf(error))));
    // The focus moves at once, so that no letter typed in a hurry is lost before the next drawing.
    const compose = (next: Intent) => {
      intent.set(next);
      document.getElementById("composer")?.focus();
    };
    return {
      reply: (message) => compose({ kind: "reply", message }),
      edit: (message) => compose({ kind: "edit", message }),
      askDelete: (message) => setOverlay({ kind: "delete", message }),
      copy: (message) => void attempt(copy(message).then(() => note(translate("message.copied")))),
      react: (message, emoji) => void attempt(chat.react(message.seq, emoji, !hasReacted(message, emoji, me.id))),
      openMenu: (message, anchor) => setOverlay({ kind: "menu", message, anchor }),
      jump,
      retry: (pending) => void attempt(chat.retry(pending.key)),
      discard: (pending) => void attempt(chat.cancel(pending.key)),
    };
  }, [chat, me.id, translate, note, jump, intent, setOverlay]);
}

async function copy(message: Message): Promise<void> {
  await navigator.clipboard.writeText(editableText(message));
}

function hasReacted(message: Message, emoji: string, me: string): boolean {
  return message.reactions.some((reaction) => reaction.emoji === emoji && reaction.users.includes(me));
}

/**
 * Keeps the text field and the chat's draft in step.
 *
 * - While a message is edited the draft stays what it was, and comes back afterwards.
 * - A draft from another tab is taken over while nobody writes here, and again when one comes back to this tab: else what the
 *   other tab has sent would still stand here, and Enter would send it a second time.
 */
import type { Chat, Readable } from "parlour-client";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { editableText } from "./composer.js";
import type { Intent } from "./composer-context.js";
import { DraftKeeper } from "./draft-keeper.js";
import { keepsOwnText } from "./writing.js";

type FieldRef = { current: HTMLTextAreaElement | null };

export interface Draft {
  /** The text in the field changed. */
  changed(): void;
  flush(): void;
}

export function useDraft(chat: Chat, field: FieldRef, intent: Readable<Intent>): Draft {
  const keeper = useRef<DraftKeeper | undefined>(undefined);
  keeper.current ??= new DraftKeeper((text) => chat.setDraft(text));
  const editing = useRef(false);

  // Not when it is drawn but at once, so that what is typed right after choosing to edit goes into the message.
  useLayoutEffect(() => intent.subscribe(() => {
    const area = field.current;
    const now = intent.value;
    if (area && now.kind === "edit") {
      keeper.current?.flush();
      area.value = editableText(now.message);
    } else if (area && editing.current) {
      area.value = chat.summary.value?.draft ?? "";
    }
    editing.current = now.kind === "edit";
  }), [chat, intent]);
  useFirstDraft(chat, field);
  useEffect(() => {
    const flush = () => keeper.current?.flush();
    const takeOver = (news: "draft" | "return") => {
      const area = field.current;
      const draft = chat.summary.value?.draft ?? "";
      const isDirty = keeper.current?.isDirty ?? false;
      if (!area || area.value === draft || keepsOwnText({ area, page: document, isEditing: editing.current, isDirty, news })) return;
      area.value = draft;
    };
    const returned = () => takeOver("return");
    addEventListener("pagehide", flush);
    addEventListener("focus", returned);
    const stop = chat.summary.subscribe(() => takeOver("draft"));
    return () => {
      stop();
      removeEventListener("focus", returned);
      removeEventListener("pagehide", flush);
      flush();
    };
  }, [chat]);

  return {
    changed: () => !editing.current && keeper.current?.changed(field.current?.value ?? ""),
    flush: () => !editing.current && keeper.current?.flush(),
  };
}

function useFirstDraft(chat: Chat, field: FieldRef): void {
  useLayoutEffect(() => {
    if (field.current) field.current.value = chat.summary.value?.draft ?? "";
  }, [chat]);
}

/**
 * Where one writes: keeps a draft, replies and edits, and sends with Enter.
 *
 * - The text lives in the text field itself, so that typing never waits for the page to be drawn.
 */
import type { Chat, Message } from "parlour-client";
import { useRef, useState } from "preact/hooks";
import { useLocale } from "../context.js";
import { problemOf, problemText } from "../i18n/problems.js";
import { type Cell, useReadable } from "../readable.js";
import { isComposing } from "../shell/field-keys.js";
import { textBytes } from "../text-bytes.js";
import { Icon } from "../ui/icon.js";
import { ComposerContext, type Intent } from "./composer-context.js";
import { EmojiPicker } from "./emoji-picker.js";
import { restore, type Written } from "./refused.js";
import { type Draft, useDraft } from "./use-draft.js";

interface ComposerProps {
  chat: Chat;
  chatName: string;
  intent: Cell<Intent>;
  onEditLast: () => void;
  onSent: () => void;
}

/** The server takes no longer texts; counted in UTF-8. */
const textBytesMax = 16 * 1024;

export function Composer(props: ComposerProps) {
  const { chat } = props;
  const intent = useReadable(props.intent);
  const { translate } = useLocale();
  const field = useRef<HTMLTextAreaElement>(null);
  const draft = useDraft(chat, field, props.intent);
  const [problem, setProblem] = useState<string>();
  const send = useSend(props, { field, draft, say: setProblem });
  const input = () => {
    setProblem(undefined);
    draft.changed();
    chat.setTyping(field.current?.value.trim() !== "");
    growWithText(field.current);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    send();
  };
  const insert = (emoji: string) => {
    field.current?.setRangeText(emoji, field.current.selectionStart, field.current.selectionEnd, "end");
    input();
  };
  const stop = () => props.intent.set({ kind: "write" });
  return (
    <form class="composer" onSubmit={submit}>
      <ComposerContext intent={intent} onStop={stop} />
      {problem !== undefined && <p class="result problem" role="alert">{problem}</p>}
      <div class="composer-line">
        <EmojiButton onPick={insert} />
        <textarea ref={field} id="composer" rows={1} dir="auto" placeholder={translate("composer.placeholder")} enterkeyhint="send"
          aria-label={translate("composer.label", { name: props.chatName })} onInput={input} onBlur={() => draft.flush()}
          onKeyDown={(event) => composerKey(event, { send, stop, intent: props.intent.value, editLast: props.onEditLast })} />
        <button type="submit" class="icon-button send" aria-label={translate(intent.kind === "edit" ? "action.save" : "composer.send")}>
          <Icon name={intent.kind === "edit" ? "check" : "send"} />
        </button>
      </div>
    </form>
  );
}

function EmojiButton({ onPick }: { onPick: (emoji: string) => void }) {
  const { translate } = useLocale();
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const pick = (emoji: string) => {
    onPick(emoji);
    setOpen(false);
    document.getElementById("composer")?.focus();
  };
  return (
    <>
      <button ref={button} type="button" id="composer-emoji" class="icon-button" aria-label={translate("composer.emoji")} aria-haspopup="dialog"
        aria-expanded={isOpen} onClick={() => setOpen(true)}>
        <Icon name="smile" />
      </button>
      {isOpen && button.current && <EmojiPicker anchor={button.current} onPick={pick} onClose={() => setOpen(false)} />}
    </>
  );
}

interface KeyContext {
  send: () => void;
  stop: () => void;
  editLast: () => void;
  intent: Intent;
}

function composerKey(event: KeyboardEvent, { send, stop, editLast, intent }: KeyContext): void {
  const field = event.currentTarget as HTMLTextAreaElement;
  // While letters are being composed, Enter chooses among them.
  if (isComposing(event)) return;
  if (event.key === "Enter" && !event.shiftKey && (event.ctrlKey || event.metaKey || !writesOnGlass())) {
    event.preventDefault();
    send();
  } else if (event.key === "ArrowUp" && field.value === "" && intent.kind === "write") {
    event.preventDefault();
    editLast();
  } else if (event.key === "Escape" && intent.kind !== "write") {
    event.stopPropagation();
    stop();
  }
}

/** Keyboards on glass have no Shift+Enter: there Enter is a new line, and the button sends. */
const writesOnGlass = () => matchMedia("(pointer: coarse) and (hover: none)").matches;

interface Sending {
  field: { current: HTMLTextAreaElement | null };
  draft: Draft;
  say: (problem?: string) => void;
}

/** Sends or saves what is in the field, and gives it back if the device refuses to take it. */
function useSend(props: ComposerProps, sending: Sending): () => void {
  const { chat, intent, onSent } = props;
  const { field, draft, say } = sending;
  const { translate } = useLocale();
  return () => {
    const area = field.current;
    const text = area?.value.trim() ?? "";
    if (!area || text === "") return;
    if (textBytes(text) > textBytesMax) return say(translate("composer.tooLong"));
    say(undefined);
    const wanted = intent.value;
    take(chat, wanted, text).catch((error: unknown) => {
      giveBack({ text, intent: wanted }, props, sending);
      say(problemText(translate, problemOf(error)));
    });
    area.value = "";
    growWithText(area);
    area.focus();
    chat.setTyping(false);
    // What was typed last may wait to be saved, and must not come back as a draft. While editing this leaves the draft alone.
    draft.changed();
    draft.flush();
    intent.set({ kind: "write" });
    if (wanted.kind !== "edit") onSent();
  };
}

/** The field is gone when the chat was left meanwhile. */
function giveBack(refused: Written, { chat, intent }: ComposerProps, { field, draft }: Sending): void {
  const now = field.current ? { text: field.current.value, intent: intent.value } : undefined;
  const restored = restore(refused, now, chat.summary.value?.draft ?? "");
  if ("draft" in restored) return chat.setDraft(restored.draft);
  // What stands in the field before a change takes its place is kept as the draft first.
  draft.flush();
  intent.set(restored.field.intent);
  if (field.current) field.current.value = restored.field.text;
  growWithText(field.current);
  draft.changed();
  draft.flush();
}

function take(chat: Chat, intent: Intent, text: string): Promise<unknown> {
  if (intent.kind === "edit") return chat.edit(intent.message.seq, text);
  return chat.send(text, intent.kind === "reply" ? { replyTo: intent.message.seq } : {});
}

/** Lets the field grow with its text where the browser does not do it by itself. */
function growWithText(area: HTMLTextAreaElement | null): void {
  if (!area || CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}

/** The text of a message that can be edited. */
export function editableText(message: Message): string {
  return "body" in message.content && message.content.body.type === "text" ? message.content.body.text : "";
}

/**
 * What opens over a conversation, one at a time: the menu of a message, the emoji picker, the receipts, a report, the question before deleting.
 */
import type { Chat, ChatSummary, Message } from "parlour-client";
import { useLocale, useMe } from "../context.js";
import { ReportDialog } from "../report/report-dialog.js";
import { Confirm } from "../ui/dialog.js";
import { type MessageActions, rightsOn } from "./actions.js";
import { EmojiPicker } from "./emoji-picker.js";
import { MessageMenu } from "./message-menu.js";
import { Receipts } from "./receipts.js";

export type Overlay =
  | { kind: "menu"; message: Message; anchor: HTMLElement }
  | { kind: "emoji"; message: Message; anchor: HTMLElement }
  | { kind: "receipts"; message: Message }
  | { kind: "report"; message: Message }
  | { kind: "delete"; message: Message };

interface OverlayProps {
  chat: Chat;
  summary: ChatSummary;
  overlay: Overlay;
  actions: MessageActions;
  onChange: (overlay: Overlay | undefined) => void;
}

export function ConversationOverlay({ chat, summary, overlay, actions, onChange }: OverlayProps) {
  const me = useMe();
  const { translate } = useLocale();
  const { message } = overlay;
  const close = () => onChange(undefined);
  switch (overlay.kind) {
    case "menu":
      return (
        <MessageMenu message={message} anchor={overlay.anchor} rights={rightsOn(message, me.id, summary)} actions={actions} onClose={close}
          hasReceipts={summary.type === "group" && message.author === me.id} onReceipts={() => onChange({ kind: "receipts", message })}
          onReport={message.author === me.id ? undefined : () => onChange({ kind: "report", message })}
          onOtherReaction={() => onChange({ kind: "emoji", message, anchor: overlay.anchor })} />
      );
    case "emoji": {
      const pick = (emoji: string) => {
        close();
        actions.react(message, emoji);
      };
      return <EmojiPicker anchor={overlay.anchor} onPick={pick} onClose={close} />;
    }
    case "receipts": return <Receipts chat={chat} message={message} onClose={close} />;
    case "report": return <ReportDialog title={translate("report.message")} what={{ chat: chat.id, seq: message.seq }} onClose={close} />;
    case "delete":
      return (
        <Confirm title={translate("message.deleteTitle")} text={translate("message.deleteText")} action={translate("message.delete")}
          onClose={close} onConfirm={() => void chat.delete(message.seq).catch(() => undefined)} />
      );
  }
}

/**
 * A chat that is open: header, history, composer, and what opens over them.
 */
import type { Chat, ChatSummary, Seq } from "parlour-client";
import { useEffect, useState } from "preact/hooks";
import { useClient, useLocale, useMe } from "../context.js";
import { useChatName } from "../names.js";
import { createCell, usePacedReadable, useReadable } from "../readable.js";
import { Icon } from "../ui/icon.js";
import { Page } from "../ui/page.js";
import { rightsOn } from "./actions.js";
import { Announcements } from "./announcements.js";
import { ChatHeader } from "./chat-header.js";
import { Composer } from "./composer.js";
import type { Intent } from "./composer-context.js";
import { History } from "./history.js";
import { ConversationOverlay, type Overlay } from "./overlay.js";
import { useConversation } from "./use-conversation.js";
import { useMessageActions } from "./use-message-actions.js";

export function Conversation({ id, seq }: { id: string; seq: Seq | undefined }) {
  const client = useClient();
  const chat = client.chat(id);
  const summary = usePacedReadable(chat.summary);
  const connection = useReadable(client.connection);
  const { translate } = useLocale();
  if (summary) return <OpenConversation key={id} chat={chat} summary={summary} seq={seq} />;
  const text = translate(connection.state === "ready" ? "chat.gone" : "chat.loading");
  return <Page title={translate("app.name")} back={{ page: "home" }}><p role="status">{text}</p></Page>;
}

function OpenConversation({ chat, summary, seq }: { chat: Chat; summary: ChatSummary; seq: Seq | undefined }) {
  const me = useMe();
  const name = useChatName(summary);
  const opened = useConversation(chat, summary, seq);
  const [intent] = useState(() => createCell<Intent>({ kind: "write" }));
  const [overlay, setOverlay] = useState<Overlay>();
  const actions = useMessageActions({ chat, intent, setOverlay, jump: opened.jump });
  useFocusOnOpen(seq);
  const editLast = () => {
    const last = opened.messages.findLast((message) => rightsOn(message, me.id, summary).canEdit);
    if (last) actions.edit(last);
  };
  const sent = () => {
    opened.forgetMarker();
    opened.toLatest();
  };
  return (
    <div class="conversation">
      <ChatHeader chat={chat} summary={summary} />
      <div class="history-frame">
        <History chat={chat} summary={summary} opened={opened} actions={actions} />
        {!opened.isAtBottom && <ToLatest unread={summary.unread} onClick={opened.toLatest} />}
      </div>
      <Announcements chat={chat} timeline={opened.timeline} />
      <Composer chat={chat} chatName={name} intent={intent} onEditLast={editLast} onSent={sent} />
      {overlay && <ConversationOverlay chat={chat} summary={summary} overlay={overlay} actions={actions} onChange={setOverlay} />}
    </div>
  );
}

/**
 * With a keyboard one wants to write at once; on glass that would bring up the keyboard over the messages: there the name of the
 * chat takes the focus, so that a screen reader says where one has come to.
 */
function useFocusOnOpen(seq: Seq | undefined): void {
  useEffect(() => {
    if (seq !== undefined) return;
    const place = matchMedia("(hover: hover)").matches ? "#composer" : ".chat-header h1";
    document.querySelector<HTMLElement>(place)?.focus();
  }, []);
}

function ToLatest({ unread, onClick }: { unread: number; onClick: () => void }) {
  const { translate, number } = useLocale();
  const label = unread > 0 ? translate("chat.toLatestCount", { count: unread }) : translate("chat.toLatest");
  return (
    <button type="button" id="to-latest" class="to-latest" aria-label={label} onClick={onClick}>
      {unread > 0 && <span class="badge" aria-hidden="true">{number(unread)}</span>}
      <Icon name="down" />
    </button>
  );
}

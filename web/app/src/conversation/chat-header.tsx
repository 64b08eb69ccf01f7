/**
 * Above a conversation: with whom, whether they are there, who is typing, and the way to the details.
 */
import type { Chat, ChatSummary, Id } from "parlour-client";
import { useClient, useLocale } from "../context.js";
import { useChatName, useNames } from "../names.js";
import { useReadable } from "../readable.js";
import { hashOf } from "../router.js";
import { useToday } from "../today.js";
import { Avatar, PresenceDot } from "../ui/avatar.js";
import { Icon } from "../ui/icon.js";
import { BackLink } from "../ui/page.js";

export function ChatHeader({ chat, summary }: { chat: Chat; summary: ChatSummary }) {
  const { translate } = useLocale();
  const name = useChatName(summary);
  return (
    <header class="page-header chat-header">
      <BackLink to={{ page: "home" }} />
      <span class="avatar-place">
        <Avatar id={summary.peer ?? summary.id} name={name} />
        {summary.peer !== undefined && <PresenceDot user={summary.peer} />}
      </span>
      <div class="grow">
        <h1 dir="auto" tabIndex={-1}>{name}</h1>
        <p class="chat-subtitle">
          <Subtitle chat={chat} summary={summary} />
        </p>
      </div>
      <a class="icon-button" href={hashOf({ page: "details", chat: summary.id })} aria-label={translate("chat.details")}>
        <Icon name={summary.type === "group" ? "people" : "info"} />
      </a>
    </header>
  );
}

function Subtitle({ chat, summary }: { chat: Chat; summary: ChatSummary }) {
  const { translate, list } = useLocale();
  const typing = useReadable(chat.typing);
  const nameOf = useNames(typing);
  if (typing.length > 0) return <span class="typing">{translate("chat.typing", { count: typing.length, names: list(typing.map(nameOf)) })}</span>;
  if (summary.peer !== undefined) return <PresenceText user={summary.peer} />;
  return <>{translate("chat.members", { count: summary.memberCount })}</>;
}

export function PresenceText({ user }: { user: Id }) {
  const presence = useReadable(useClient().presence(user));
  const { translate, dates } = useLocale();
  const today = useToday();
  if (presence.status === "offline" && presence.lastSeen !== undefined) {
    return <>{translate("status.lastSeen", { time: dates.short(presence.lastSeen, today) })}</>;
  }
  return <>{translate(`status.${presence.status}`)}</>;
}

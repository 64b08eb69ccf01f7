/**
 * One line of the chat list: who, the last message or who is typing, when, and how many are unread.
 */
import type { ChatSummary } from "parlour-client";
import { useClient, useLocale, useMe } from "../context.js";
import { excerpt, isNoticeMessage, messageText } from "../conversation/texts.js";
import { useChatName, useNames } from "../names.js";
import { useReadable } from "../readable.js";
import { hashOf } from "../router.js";
import { useToday } from "../today.js";
import { Avatar, PresenceDot } from "../ui/avatar.js";
import { Icon } from "../ui/icon.js";
import { pure } from "../ui/pure.js";

interface ChatLineProps {
  chat: ChatSummary;
  isOpen: boolean;
  /** Whether Tab stops here. */
  isStop: boolean;
}

export const ChatLine = pure(({ chat, isOpen, isStop }: ChatLineProps) => {
  const { dates } = useLocale();
  const name = useChatName(chat);
  const today = useToday();
  return (
    <li>
      <a class="chat-line" href={hashOf({ page: "chat", chat: chat.id })} aria-current={isOpen ? "page" : undefined} tabIndex={isStop ? 0 : -1}>
        <span class="avatar-place">
          <Avatar id={chat.peer ?? chat.id} name={name} />
          {chat.peer !== undefined && <PresenceDot user={chat.peer} />}
        </span>
        <span class="chat-line-top">
          <span class="chat-name" dir="auto">{name}</span>
          <time dateTime={new Date(chat.updatedAt).toISOString()}>{dates.short(chat.updatedAt, today)}</time>
        </span>
        <span class="chat-line-bottom">
          <Preview chat={chat} />
          {chat.unread > 0 && <UnreadBadge count={chat.unread} />}
        </span>
      </a>
    </li>
  );
});

function UnreadBadge({ count }: { count: number }) {
  const { translate, number } = useLocale();
  const shown = count > 999 ? `${number(999)}+` : number(count);
  return <span class="badge" role="img" aria-label={translate("chats.unread", { count })}>{shown}</span>;
}

function Preview({ chat }: { chat: ChatSummary }) {
  const client = useClient();
  const locale = useLocale();
  const typing = useReadable(client.chat(chat.id).typing);
  const lastMessage = useLastMessageText(chat);
  const names = useNames(typing);
  const { translate } = locale;
  if (typing.length > 0) {
    const who = locale.list(typing.map(names));
    return <span class="preview typing">{translate("chat.typing", { count: typing.length, names: who })}</span>;
  }
  if (chat.draft) return <span class="preview draft"><Icon name="pencil" /><span dir="auto">{translate("chats.draft", { text: excerpt(chat.draft) })}</span></span>;
  return <span class="preview" dir="auto">{lastMessage}</span>;
}

function useLastMessageText(chat: ChatSummary): string {
  const me = useMe();
  const locale = useLocale();
  const message = chat.lastMessage;
  const nameOf = useNames(message ? [message.author] : []);
  if (!message) return "";
  const text = excerpt("deleted" in message.content ? locale.translate("chats.deletedMessage") : messageText(message, locale, nameOf));
  if (isNoticeMessage(message)) return text;
  if (message.author === me.id) return locale.translate("chats.you", { text });
  return chat.type === "group" ? locale.translate("chats.by", { name: nameOf(message.author), text }) : text;
}

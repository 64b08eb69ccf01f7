/**
 * The rows that are no messages: own sends on their way, notices, day separators, the unread marker.
 */
import type { Message, Pending, Timestamp } from "parlour-client";
import { useLocale } from "../context.js";
import { daysBetween } from "../i18n/dates.js";
import { useNames } from "../names.js";
import { useToday } from "../today.js";
import { pure } from "../ui/pure.js";
import type { MessageActions } from "./actions.js";
import { MessageText, Quote } from "./message-parts.js";
import { SendState, sendStateText } from "./pending-state.js";
import { bodyText, messageText } from "./texts.js";

interface PendingRowProps {
  rowKey: string;
  pending: Pending;
  first: boolean;
  last: boolean;
  original: Message | undefined;
  isActive: boolean;
  actions: MessageActions;
}

export const PendingRow = pure((props: PendingRowProps) => {
  const { pending, actions } = props;
  const locale = useLocale();
  if (pending.operation.type !== "send") return null;
  const { body, replyTo } = pending.operation;
  const text = bodyText(body, locale);
  const label = locale.translate("message.labelTicks", {
    name: locale.translate("message.you"),
    time: locale.dates.time(pending.createdAt),
    ticks: sendStateText(pending, locale),
    text,
  });
  const tabIndex = props.isActive ? 0 : -1;
  const classes = ["message own pending", pending.state, props.first && "first", props.last && "last"];
  return (
    <article class={classes.filter(Boolean).join(" ")} data-row={props.rowKey} tabIndex={tabIndex} aria-label={label}>
      <div class="bubble-column">
        <div class="bubble">
          {replyTo !== undefined && (
            <Quote chat={pending.chat} seq={replyTo} original={props.original} tabIndex={tabIndex} onJump={() => actions.jump(replyTo)} />
          )}
          <MessageText text={text} tabIndex={tabIndex} />
        </div>
        <SendState pending={pending} actions={actions} />
      </div>
    </article>
  );
});

export const NoticeRow = pure(({ rowKey, message }: { rowKey: string; message: Message }) => {
  const locale = useLocale();
  const nameOf = useNames(usersIn(message));
  return (
    <p class="notice" data-row={rowKey} data-seq={message.seq}>
      <span dir="auto">{messageText(message, locale, nameOf)}</span>
    </p>
  );
});

function usersIn({ author, content }: Message): string[] {
  if (!("notice" in content)) return [author];
  const { notice } = content;
  if ("users" in notice) return [author, ...notice.users];
  return "user" in notice ? [author, notice.user] : [author];
}

export const DayRow = pure(({ rowKey, at }: { rowKey: string; at: Timestamp }) => {
  const { translate, dates } = useLocale();
  const today = useToday();
  const days = daysBetween(at, today);
  const text = days === 0 ? translate("chat.today") : days === 1 ? translate("chat.yesterday") : dates.day(at, today);
  return <h2 class="day" data-row={rowKey}><span>{text}</span></h2>;
});

export const UnreadRow = pure(({ rowKey }: { rowKey: string }) => {
  const { translate } = useLocale();
  return <p class="unread-marker" data-row={rowKey}><span>{translate("chat.unreadMarker")}</span></p>;
});

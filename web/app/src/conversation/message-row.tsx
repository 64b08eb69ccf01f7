/**
 * One message in the conversation. Drawn again only if something about it changed.
 */
import type { Message, Pending, Ticks } from "parlour-client";
import { useLocale, useMe } from "../context.js";
import { useName } from "../names.js";
import { Avatar, hueOf } from "../ui/avatar.js";
import { pure } from "../ui/pure.js";
import type { MessageActions } from "./actions.js";
import { MessageText, MessageTools, Quote, Reactions, TicksMark } from "./message-parts.js";
import { ChangeState } from "./pending-state.js";
import { bodyText, ticksText } from "./texts.js";

export interface MessageRowProps {
  rowKey: string;
  message: Message;
  first: boolean;
  last: boolean;
  inGroup: boolean;
  /** Of own messages. */
  ticks: Ticks["state"] | undefined;
  /** What this one answers, if it is loaded. */
  original: Message | undefined;
  /** An own edit, deletion or reaction that is not in the log yet. */
  change: Pending | undefined;
  /** Whether Tab goes into this row. */
  isActive: boolean;
  actions: MessageActions;
}

export const MessageRow = pure((props: MessageRowProps) => {
  const { message, first, last, inGroup, isActive, actions } = props;
  const me = useMe();
  const name = useName(message.author);
  const isOwn = message.author === me.id;
  const label = useLabel(props, name);
  const isDeleted = "deleted" in message.content;
  const tabIndex = isActive ? 0 : -1;
  const classes = ["message", isOwn ? "own" : "other", first && "first", last && "last", isDeleted && "deleted"];
  return (
    <article class={classes.filter(Boolean).join(" ")} data-row={props.rowKey} data-seq={message.seq} tabIndex={tabIndex} aria-label={label}>
      {inGroup && !isOwn && <span class="avatar-column">{last && <Avatar id={message.author} name={name} small />}</span>}
      <div class="bubble-column">
        <div class="bubble">
          {inGroup && !isOwn && first && <span class={`author hue-text-${hueOf(message.author)}`} dir="auto">{name}</span>}
          {message.replyTo !== undefined && !isDeleted && (
            <Quote chat={message.chat} seq={message.replyTo} original={props.original} tabIndex={tabIndex}
              onJump={() => actions.jump(message.replyTo ?? 0)} />
          )}
          <div class="line">
            <Content message={message} tabIndex={tabIndex} />
            <Meta message={message} ticks={props.ticks} />
          </div>
        </div>
        {props.change && <ChangeState pending={props.change} actions={actions} />}
        <Reactions message={message} actions={actions} tabIndex={tabIndex} />
      </div>
      {!isDeleted && <MessageTools message={message} actions={actions} tabIndex={tabIndex} />}
    </article>
  );
});

function Content({ message, tabIndex }: { message: Message; tabIndex: number }) {
  const locale = useLocale();
  const { content } = message;
  if ("deleted" in content) return <p class="text aside">{locale.translate("message.deleted")}</p>;
  if ("notice" in content) return null;
  if (content.body.type === "text") return <MessageText text={content.body.text} tabIndex={tabIndex} />;
  return <p class="text aside">{bodyText(content.body, locale)}</p>;
}

function Meta({ message, ticks }: { message: Message; ticks: Ticks["state"] | undefined }) {
  const { translate, dates } = useLocale();
  return (
    <span class="meta">
      {message.editedAt !== undefined && <span>{translate("message.edited")}</span>}
      <time dateTime={new Date(message.sentAt).toISOString()} title={dates.full(message.sentAt)}>{dates.time(message.sentAt)}</time>
      {ticks !== undefined && <TicksMark state={ticks} />}
    </span>
  );
}

/** What a screen reader says when the message gets the focus. */
function useLabel({ message, ticks }: MessageRowProps, name: string): string {
  const locale = useLocale();
  const { translate, dates } = locale;
  const { content } = message;
  const text = "body" in content ? bodyText(content.body, locale) : translate("message.deleted");
  const time = dates.time(message.sentAt);
  if (ticks === undefined) return translate("message.label", { name, time, text });
  return translate("message.labelTicks", { name: translate("message.you"), time, text, ticks: ticksText(ticks, locale) });
}

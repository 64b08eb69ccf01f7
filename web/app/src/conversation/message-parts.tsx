/**
 * The parts of a message's bubble: the text with its links, the quote, the ticks, the reactions.
 */
import type { Id, Message, Seq, Ticks } from "parlour-client";
import { useMemo } from "preact/hooks";
import { useClient, useLocale, useMe } from "../context.js";
import { namesNow, useName } from "../names.js";
import { useReadable } from "../readable.js";
import { Icon } from "../ui/icon.js";
import type { MessageActions } from "./actions.js";
import { linkify } from "./linkify.js";
import { excerpt, messageText, ticksText } from "./texts.js";

const fewEmoji = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|[\u200d\ufe0f\s])+$/u;
const fewEmojiLengthMax = 12;

/** Always text: nothing in it is read as markup. */
export function MessageText({ text, tabIndex }: { text: string; tabIndex: number }) {
  const isJumbo = text.length <= fewEmojiLengthMax && fewEmoji.test(text);
  return (
    <p class={isJumbo ? "text jumbo" : "text"} dir="auto">
      {linkify(text).map((piece) =>
        piece.href === undefined ? piece.text : (
          <a href={piece.href} target="_blank" rel="noopener noreferrer" tabIndex={tabIndex}>{piece.text}</a>
        ),
      )}
    </p>
  );
}

interface QuoteProps {
  chat: Id;
  seq: Seq;
  /** The original, if it is among the loaded messages. */
  original: Message | undefined;
  onJump: () => void;
  tabIndex: number;
}

/** What a message answers; a click goes there. */
export function Quote({ chat, seq, original, onJump, tabIndex }: QuoteProps) {
  return (
    <button type="button" class="quote" onClick={onJump} tabIndex={tabIndex}>
      {original ? <QuoteText original={original} /> : <DistantQuote chat={chat} seq={seq} />}
    </button>
  );
}

/** Of a message outside of the loaded part: from the device, or fetched. */
function DistantQuote({ chat, seq }: { chat: Id; seq: Seq }) {
  const client = useClient();
  const { translate } = useLocale();
  const message = useMemo(() => client.chat(chat).message(seq), [client, chat, seq]);
  const original = useReadable(message);
  return original ? <QuoteText original={original} /> : <span class="quote-missing">{translate("message.original")}</span>;
}

export function QuoteText({ original }: { original: Message }) {
  const locale = useLocale();
  const client = useClient();
  const name = useName(original.author);
  return (
    <>
      <strong dir="auto">{name}</strong>
      <span class="quote-text" dir="auto">{excerpt(messageText(original, locale, namesNow(client, locale)))}</span>
    </>
  );
}

export function TicksMark({ state }: { state: Ticks["state"] }) {
  const locale = useLocale();
  return (
    <span class={`ticks ${state}`} role="img" aria-label={ticksText(state, locale)}>
      <svg viewBox="0 0 20 12" aria-hidden="true" focusable="false">
        <path d={state === "sent" ? "M5 6.500l3.500 3.500L16 2" : "M1 6.500L4.500 10 12 2M8.500 10L16 2M8 9.500l.5.5"} />
      </svg>
    </span>
  );
}

/** The reactions to a message: a press adds one's own, or takes it off. */
export function Reactions({ message, actions, tabIndex }: { message: Message; actions: MessageActions; tabIndex: number }) {
  const me = useMe();
  const { translate, number } = useLocale();
  if (message.reactions.length === 0) return null;
  return (
    <div class="reactions">
      {message.reactions.map(({ emoji, users }) => {
        const isOwn = users.includes(me.id);
        const label = translate(isOwn ? "message.reactionOwn" : "message.reaction", { count: users.length });
        return (
          <button key={emoji} type="button" class="reaction" aria-pressed={isOwn} title={label} tabIndex={tabIndex}
            onClick={() => actions.react(message, emoji)}>
            <span>{emoji}</span>
            <span>{number(users.length)}</span>
          </button>
        );
      })}
    </div>
  );
}

/** The two buttons that appear beside a message. */
export function MessageTools({ message, actions, tabIndex }: { message: Message; actions: MessageActions; tabIndex: number }) {
  const { translate } = useLocale();
  return (
    <div class="tools">
      <button type="button" class="icon-button tiny" tabIndex={tabIndex} aria-label={translate("message.reply")} onClick={() => actions.reply(message)}>
        <Icon name="reply" />
      </button>
      <button type="button" class="icon-button tiny" tabIndex={tabIndex} aria-label={translate("message.actions")} aria-haspopup="menu"
        onClick={(event) => actions.openMenu(message, event.currentTarget)}>
        <Icon name="more" />
      </button>
    </div>
  );
}

/**
 * Says new messages to a screen reader. The history itself is silent: it moves and loads, and would be read again and again.
 */
import type { Chat, Timeline } from "parlour-client";
import { useEffect, useRef } from "preact/hooks";
import { useClient, useLocale, useMe } from "../context.js";
import { namesNow } from "../names.js";
import { Announcer } from "./announcing.js";
import { excerpt, messageText } from "./texts.js";

/** What came within this time is said together. */
const togetherMs = 600;
const charactersMax = 240;

export function Announcements({ chat, timeline }: { chat: Chat; timeline: Timeline }) {
  const place = useRef<HTMLDivElement>(null);
  const client = useClient();
  const me = useMe();
  const locale = useLocale();
  useEffect(() => {
    const announcer = new Announcer(chat.summary.value?.head ?? 0, me.id);
    const nameOf = namesNow(client, locale);
    const say = () => {
      const news = timeline.atEnd.value ? announcer.take(timeline.messages.value) : undefined;
      if (!news || !place.current) return;
      const lines = news.messages.map((message) =>
        locale.translate("chat.announce", { name: nameOf(message.author), text: excerpt(messageText(message, locale, nameOf), charactersMax) }),
      );
      place.current.replaceChildren(...(lines.length > 0 ? lines : [locale.translate("chat.announceMany", { count: news.count })]).map(paragraph));
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const later = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        say();
      }, togetherMs);
    };
    const stop = timeline.messages.subscribe(later);
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [chat, timeline, client, locale, me.id]);
  return <div ref={place} class="unseen" aria-live="polite" />;
}

function paragraph(text: string): HTMLElement {
  const element = document.createElement("p");
  element.textContent = text;
  return element;
}

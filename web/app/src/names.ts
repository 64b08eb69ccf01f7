/**
 * How users and chats are called on the screen; follows changes of names.
 */
import type { ChatSummary, Client, Id, User } from "parlour-client";
import { useLayoutEffect, useReducer } from "preact/hooks";
import { useClient, useLocale } from "./context.js";
import type { NameOf } from "./conversation/texts.js";
import type { Locale } from "./i18n/locale.js";

/** The display name, else the user name. */
export function shownName(user: User | undefined, { translate }: Locale): string {
  return user?.displayName || user?.username || translate("chats.someone");
}

/** Names as they are known now, without following changes. */
export function namesNow(client: Client, locale: Locale): NameOf {
  return (user) => shownName(client.user(user).value, locale);
}

/** Names of these users; the component is drawn again when one becomes known or changes. */
export function useNames(users: readonly Id[]): NameOf {
  const client = useClient();
  const locale = useLocale();
  const [, drawAgain] = useReducer<number, void>((count) => count + 1, 0);
  const wanted = users.join(" ");
  useLayoutEffect(() => {
    const ids = wanted === "" ? [] : wanted.split(" ");
    const stops = ids.map((user) => client.user(user).subscribe(() => drawAgain()));
    return () => {
      for (const stop of stops) stop();
    };
  }, [client, wanted]);
  return namesNow(client, locale);
}

export function useName(user: Id): string {
  return useNames([user])(user);
}

/** What a chat is called: its title, or the other person. */
export function chatNameNow(chat: ChatSummary, nameOf: NameOf, { translate }: Locale): string {
  if (chat.type === "direct" && chat.peer !== undefined) return nameOf(chat.peer);
  return chat.title || translate("chats.untitled");
}

export function useChatName(chat: ChatSummary): string {
  const nameOf = useNames(chat.peer === undefined ? [] : [chat.peer]);
  return chatNameNow(chat, nameOf, useLocale());
}

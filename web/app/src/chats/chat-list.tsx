/**
 * The side of the window: search, the chats by last activity, and the ways to everything else.
 */
import type { ChatSummary, Id, User } from "parlour-client";
import { useMemo, useRef, useState } from "preact/hooks";
import { useClient, useLocale, useMe, useRouter } from "../context.js";
import { chatNameNow, namesNow, shownName } from "../names.js";
import { usePacedReadable, useReadable } from "../readable.js";
import { chatOf, hashOf } from "../router.js";
import { isComposing } from "../shell/field-keys.js";
import { Avatar, PresenceDot } from "../ui/avatar.js";
import { Icon } from "../ui/icon.js";
import { moveFocus } from "../ui/roving.js";
import { ChatLine } from "./chat-line.js";
import { foldForSearch } from "./fold.js";
import { searchCharactersMin, useUserSearch } from "./use-user-search.js";

/** So many lines are drawn at first, and again each time one comes near the end. */
const linesStep = 80;

export function ChatList() {
  const { translate } = useLocale();
  const [query, setQuery] = useState("");
  const list = useRef<HTMLElement>(null);
  const searching = query.trim() !== "";
  const move = (event: KeyboardEvent) => list.current && moveFocus(event, list.current, "a.chat-line, button.chat-line");
  const fromSearch = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Escape" && searching) {
      event.stopPropagation();
      setQuery("");
    }
    if (event.key === "ArrowDown") move(event);
  };
  return (
    <aside class="sidebar" aria-label={translate("chats.title")}>
      <h1 class="unseen">{translate("chats.title")}</h1>
      <ListHeader />
      <search class="search">
        <Icon name="search" />
        <input type="search" id="search" aria-label={translate("chats.search")} placeholder={translate("chats.search")} value={query}
          autocomplete="off" onInput={(event) => setQuery(event.currentTarget.value)} onKeyDown={fromSearch} />
      </search>
      <nav ref={list} class="chat-list" aria-label={translate("chats.title")} onKeyDown={move}>
        {searching ? <SearchResults query={query} onPicked={() => setQuery("")} /> : <AllChats />}
      </nav>
      {useClient().persistence === "memory" && <p class="hint padded">{translate("app.memoryOnly")}</p>}
    </aside>
  );
}

function ListHeader() {
  const me = useMe();
  const locale = useLocale();
  const name = shownName(me, locale);
  return (
    <header class="list-header">
      <a class="me" href={hashOf({ page: "settings" })}>
        <span class="avatar-place"><Avatar id={me.id} name={name} /><OwnDot /></span>
        <span class="chat-name" dir="auto">{name}</span>
        <Icon name="settings" />
        <span class="unseen">{locale.translate("chats.settings")}</span>
      </a>
      <a class="icon-button" href={hashOf({ page: "new" })} aria-label={locale.translate("chats.new")}><Icon name="plus" /></a>
    </header>
  );
}

function OwnDot() {
  const status = useReadable(useClient().status);
  const { translate } = useLocale();
  return <span class={`presence ${status}`} role="img" aria-label={translate(`status.${status}`)} />;
}

function AllChats() {
  const chats = usePacedReadable(useClient().chats);
  const { translate } = useLocale();
  const [lines, setLines] = useState(linesStep);
  if (chats.length === 0) return <p class="hint padded">{translate("chats.empty")}</p>;
  return (
    <>
      <ChatLines chats={chats.slice(0, lines)} />
      {lines < chats.length && (
        <button type="button" class="chat-line more" onClick={() => setLines(lines + linesStep)}>{translate("action.more")}</button>
      )}
    </>
  );
}

function ChatLines({ chats }: { chats: readonly ChatSummary[] }) {
  const open = chatOf(useReadable(useRouter().route));
  const stop = chats.some((chat) => chat.id === open) ? open : chats[0]?.id;
  return (
    <ul class="plain-list">
      {chats.map((chat) => <ChatLine key={chat.id} chat={chat} isOpen={chat.id === open} isStop={chat.id === stop} />)}
    </ul>
  );
}

function SearchResults({ query, onPicked }: { query: string; onPicked: () => void }) {
  const { translate } = useLocale();
  const chats = useMatchingChats(query);
  const users = useUserSearch(query);
  const me = useMe();
  const others = users?.filter((user) => user.id !== me.id) ?? [];
  // While the server searches, nobody knows yet that there is nothing.
  const isSearching = users === undefined && query.trim().length >= searchCharactersMin;
  const isEmpty = chats.length === 0 && others.length === 0 && !isSearching;
  return (
    <>
      {chats.length > 0 && <h2 class="list-heading">{translate("chats.found")}</h2>}
      {chats.length > 0 && <ChatLines chats={chats.slice(0, linesStep)} />}
      {others.length > 0 && <h2 class="list-heading">{translate("chats.people")}</h2>}
      {others.length > 0 && (
        <ul class="plain-list">{others.map((user) => <FoundUser key={user.id} user={user} onPicked={onPicked} />)}</ul>
      )}
      <p class="hint padded" role="status">{isEmpty ? translate("chats.nothingFound", { query: query.trim() }) : ""}</p>
    </>
  );
}

function useMatchingChats(query: string): readonly ChatSummary[] {
  const client = useClient();
  const locale = useLocale();
  const chats = useReadable(client.chats);
  return useMemo(() => {
    const nameOf = namesNow(client, locale);
    const wanted = foldForSearch(query);
    return chats.filter((chat) => foldForSearch(chatNameNow(chat, nameOf, locale)).includes(wanted));
  }, [client, locale, chats, query]);
}

/** A person one may not have a chat with yet; choosing opens it. */
export function FoundUser({ user, onPicked }: { user: User; onPicked: () => void }) {
  const openDirect = useOpenDirect();
  const name = shownName(user, useLocale());
  const open = () => {
    onPicked();
    openDirect(user.id);
  };
  return (
    <li>
      <button type="button" class="chat-line" onClick={open}>
        <span class="avatar-place"><Avatar id={user.id} name={name} /><PresenceDot user={user.id} /></span>
        <span class="chat-line-top"><span class="chat-name" dir="auto">{name}</span></span>
        <span class="chat-line-bottom"><span class="preview" dir="ltr">@{user.username}</span></span>
      </button>
    </li>
  );
}

/** Opens the chat with somebody, made if there is none yet. */
function useOpenDirect(): (user: Id) => void {
  const client = useClient();
  const router = useRouter();
  return (user) => {
    // A failure leaves one where one is; the connection banner says why.
    client.createDirect(user).then((chat) => router.go({ page: "chat", chat: chat.id }), () => undefined);
  };
}

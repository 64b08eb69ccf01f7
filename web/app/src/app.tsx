/**
 * The window: who is not signed in sees the form; who is sees the chats beside what is open.
 */
import type { Readable } from "parlour-client";
import { useEffect } from "preact/hooks";
import { SignIn } from "./account/sign-in.js";
import { ChatDetails } from "./chats/chat-details.js";
import { ChatList } from "./chats/chat-list.js";
import { NewChat, NewGroup } from "./chats/new-chat.js";
import { MeContext, SurroundingsContext, type Surroundings, useClient, useLocale, useRouter } from "./context.js";
import { Conversation } from "./conversation/conversation.js";
import { createPace, useReadable } from "./readable.js";
import type { Route } from "./router.js";
import { Help } from "./settings/help.js";
import { Sessions } from "./settings/sessions.js";
import { Settings } from "./settings/settings.js";
import { ConnectionBanner, VersionBanner } from "./shell/banner.js";
import { useShortcuts } from "./shell/shortcuts.js";
import { Sign } from "./ui/icon.js";
import { Notes } from "./ui/notes.js";

interface AppProps {
  surroundings: Surroundings;
  newVersion: Readable<(() => void) | undefined>;
}

export function App({ surroundings, newVersion }: AppProps) {
  return (
    <SurroundingsContext.Provider value={surroundings}>
      <Notes>
        <VersionBanner waiting={newVersion} />
        <Door />
      </Notes>
    </SurroundingsContext.Provider>
  );
}

function Door() {
  const client = useClient();
  const me = useReadable(client.me);
  const connection = useReadable(client.connection);
  // Stopped for a reason, the library sends and receives nothing more, whatever this device still has.
  const reason = connection.state === "signed_out" ? connection.reason : undefined;
  if (!me || reason !== undefined) return <SignIn reason={reason} />;
  return <MeContext.Provider value={me}><Rooms /></MeContext.Provider>;
}

function Rooms() {
  const route = useReadable(useRouter().route);
  const { translate } = useLocale();
  useShortcuts();
  useUnreadTitle();
  const toMain = () => document.querySelector<HTMLElement>("main")?.focus();
  return (
    <>
      <button type="button" class="skip" onClick={toMain}>{translate("app.skip")}</button>
      <ConnectionBanner />
      <div class={route.page === "home" ? "rooms at-list" : "rooms at-main"}>
        <ChatList />
        <main tabIndex={-1}><Room route={route} /></main>
      </div>
    </>
  );
}

function Room({ route }: { route: Route }) {
  switch (route.page) {
    case "home": return <Empty />;
    case "chat": return <Conversation id={route.chat} seq={route.seq} />;
    case "details": return <ChatDetails key={route.chat} id={route.chat} />;
    case "new": return <NewChat />;
    case "new-group": return <NewGroup />;
    case "settings": return <Settings />;
    case "sessions": return <Sessions />;
    case "help": return <Help />;
  }
}

function Empty() {
  const { translate } = useLocale();
  return (
    <div class="empty">
      <Sign />
      <h1>{translate("app.home")}</h1>
      <p class="hint">{translate("app.homeHint")}</p>
    </div>
  );
}

/** Titles are slow to set, and nobody reads faster. */
const titlePaceMs = 500;

/** The number of unread messages in the title, for who looks at the row of tabs; set directly, because hidden pages are drawn late. */
function useUnreadTitle(): void {
  const client = useClient();
  const { translate, number } = useLocale();
  useEffect(() => {
    const show = () => {
      const unread = client.chats.value.reduce((sum, chat) => sum + chat.unread, 0);
      const name = translate("app.name");
      const title = unread > 0 ? `(${number(unread)}) ${name}` : name;
      if (document.title !== title) document.title = title;
    };
    const pace = createPace(show, titlePaceMs);
    const stop = client.chats.subscribe(pace.ask);
    show();
    return () => {
      stop();
      pace.stop();
    };
  }, [client, translate, number]);
}

/**
 * The details of a chat: of a group its name and members and what one may do with them, of a direct chat the other person.
 */
import type { Chat, ChatSummary } from "parlour-client";
import { useState } from "preact/hooks";
import { PresenceText } from "../conversation/chat-header.js";
import { useClient, useLocale, useRouter } from "../context.js";
import { useChatName } from "../names.js";
import { useReadable } from "../readable.js";
import { Avatar } from "../ui/avatar.js";
import { Confirm } from "../ui/dialog.js";
import { Field, TaskResult } from "../ui/field.js";
import { Icon } from "../ui/icon.js";
import { Page } from "../ui/page.js";
import { useTask } from "../ui/use-task.js";
import { ChatComplaints } from "./chat-complaints.js";
import { Members } from "./members.js";
import { titleCharactersMax } from "./new-chat.js";

export function ChatDetails({ id }: { id: string }) {
  const chat = useClient().chat(id);
  const summary = useReadable(chat.summary);
  const { translate } = useLocale();
  if (!summary) return <Page title={translate("chat.details")} back={{ page: "home" }}><p>{translate("chat.gone")}</p></Page>;
  const isGroup = summary.type === "group";
  return (
    <Page title={translate(isGroup ? "details.groupTitle" : "details.directTitle")} back={{ page: "chat", chat: id }}>
      <Hero summary={summary} />
      {isGroup && summary.role !== "member" && <Rename chat={chat} summary={summary} />}
      <Members chat={chat} summary={summary} />
      {isGroup && <Leave chat={chat} summary={summary} />}
      <ChatComplaints summary={summary} />
    </Page>
  );
}

function Hero({ summary }: { summary: ChatSummary }) {
  const { translate } = useLocale();
  const name = useChatName(summary);
  return (
    <div class="hero">
      <Avatar id={summary.peer ?? summary.id} name={name} />
      <p class="hero-name" dir="auto">{name}</p>
      <p class="hint">
        {summary.peer === undefined ? translate("chat.members", { count: summary.memberCount }) : <PresenceText user={summary.peer} />}
      </p>
    </div>
  );
}

function Rename({ chat, summary }: { chat: Chat; summary: ChatSummary }) {
  const { translate } = useLocale();
  const task = useTask();
  const [title, setTitle] = useState(summary.title ?? "");
  const save = (event: Event) => {
    event.preventDefault();
    task.run(() => chat.rename(title.trim()));
  };
  return (
    <form onSubmit={save}>
      <Field label={translate("details.rename")} value={title} onChange={setTitle} maxLength={titleCharactersMax} required autocomplete="off" />
      <TaskResult task={task} doneText={translate("action.saved")} />
      <button type="submit" class="primary" disabled={task.busy || title.trim() === ""}>{translate("action.save")}</button>
    </form>
  );
}

/** An owner hands over first, unless nobody else is left. */
function Leave({ chat, summary }: { chat: Chat; summary: ChatSummary }) {
  const { translate } = useLocale();
  const router = useRouter();
  const task = useTask();
  const [asking, setAsking] = useState(false);
  if (summary.role === "owner" && summary.memberCount > 1) return <p class="hint">{translate("details.ownerLeaves")}</p>;
  const leave = () =>
    task.run(async () => {
      await chat.leave();
      router.go({ page: "home" }, "replace");
    });
  return (
    <section class="links">
      <button type="button" class="row-link danger-text" disabled={task.busy} onClick={() => setAsking(true)}>
        <Icon name="leave" />{translate("details.leave")}
      </button>
      <TaskResult task={task} />
      {asking && (
        <Confirm title={translate("details.leaveTitle", { title: summary.title ?? translate("chats.untitled") })} text={translate("details.leaveText")}
          action={translate("details.leave")} onClose={() => setAsking(false)} onConfirm={leave} />
      )}
    </section>
  );
}

/**
 * The members of a chat, and what one may do with each: promote, demote, hand the group over, remove; and adding others.
 */
import type { Chat, ChatSummary, Member, User } from "parlour-client";
import { useEffect, useRef, useState } from "preact/hooks";
import { useClient, useLocale, useMe } from "../context.js";
import { useName } from "../names.js";
import { useReadable } from "../readable.js";
import { Avatar, PresenceDot } from "../ui/avatar.js";
import { TaskResult } from "../ui/field.js";
import { Icon } from "../ui/icon.js";
import { type Task, useTask } from "../ui/use-task.js";
import { MemberMenu } from "./member-menu.js";
import { memberRights } from "./member-rights.js";
import { PeoplePicker } from "./people-picker.js";

export function Members({ chat, summary }: { chat: Chat; summary: ChatSummary }) {
  const { translate } = useLocale();
  const list = useMembers(chat, summary);
  const task = useTask();
  const change = (work: () => Promise<void>) => task.run(() => work().then(list.reload));
  const mayAdd = summary.type === "group" && summary.role !== "member";
  return (
    <section>
      <h2>{translate("details.members")}</h2>
      <TaskResult task={list.task} />
      <TaskResult task={task} />
      <ul class="plain-list">
        {list.members.map((member) => <MemberLine key={member.user} chat={chat} summary={summary} member={member} change={change} />)}
      </ul>
      {list.loadMore && <button type="button" class="quiet" onClick={list.loadMore}>{translate("action.more")}</button>}
      {mayAdd && <AddPeople members={list.members} onAdd={(user) => change(() => chat.addMembers([user.id]))} busy={task.busy} />}
    </section>
  );
}

interface MemberList {
  members: readonly Member[];
  task: Task;
  reload: () => Promise<void>;
  loadMore: (() => void) | undefined;
}

/** The pages loaded so far; from the start again when the chat has changed. */
function useMembers(chat: Chat, summary: ChatSummary): MemberList {
  const task = useTask();
  const [pages, setPages] = useState<{ members: readonly Member[]; next?: string }>({ members: [] });
  const asked = useRef(0);
  const load = async (cursor?: string) => {
    asked.current += 1;
    const question = asked.current;
    const page = await chat.members(cursor);
    // An answer that was overtaken by a newer question is out of date.
    if (question !== asked.current) return;
    setPages((before) => ({ ...page, members: cursor === undefined ? page.members : [...before.members, ...page.members] }));
  };
  useEffect(() => task.runLast(() => load()), [chat, summary.memberCount, summary.role]);
  const { next } = pages;
  return { members: pages.members, task, reload: () => load(), loadMore: next === undefined ? undefined : () => task.run(() => load(next)) };
}

interface MemberLineProps {
  chat: Chat;
  summary: ChatSummary;
  member: Member;
  change: (work: () => Promise<void>) => void;
}

function MemberLine({ chat, summary, member, change }: MemberLineProps) {
  const { translate, dates } = useLocale();
  const me = useMe();
  const name = useName(member.user);
  const user = useReadable(useClient().user(member.user));
  const [anchor, setAnchor] = useState<HTMLElement>();
  const rights = memberRights(summary, member, me.id);
  const mayAnything = rights.promote || rights.demote || rights.handOver || rights.remove;
  return (
    <li class="card-line">
      <span class="avatar-place"><Avatar id={member.user} name={name} /><PresenceDot user={member.user} /></span>
      <div class="grow">
        <strong dir="auto">{name}</strong>
        {user && <>{" "}<span class="hint" dir="ltr">@{user.username}</span></>}
        {summary.type === "group" && <p class="hint">{translate("details.joined", { time: dates.full(member.joinedAt) })}</p>}
      </div>
      {summary.type === "group" && member.role !== "member" && <span class="tag">{translate(`role.${member.role}`)}</span>}
      {mayAnything && (
        <button type="button" class="icon-button" aria-haspopup="menu" aria-label={translate("details.memberActions", { name })}
          onClick={(event) => setAnchor(event.currentTarget)}>
          <Icon name="more" />
        </button>
      )}
      {anchor && <MemberMenu chat={chat} member={member} name={name} rights={rights} anchor={anchor} change={change} onClose={() => setAnchor(undefined)} />}
    </li>
  );
}

function AddPeople({ members, onAdd, busy }: { members: readonly Member[]; onAdd: (user: User) => void; busy: boolean }) {
  const { translate } = useLocale();
  return (
    <section>
      <h2>{translate("details.addPeople")}</h2>
      <PeoplePicker onPick={onAdd} busy={busy} without={members.map((member) => member.user)} action={translate("details.add")} />
    </section>
  );
}

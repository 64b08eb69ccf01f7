/**
 * Starting a chat with one person, or a group.
 */
import type { User } from "parlour-client";
import { useState } from "preact/hooks";
import { useClient, useLocale, useRouter } from "../context.js";
import { shownName } from "../names.js";
import { hashOf } from "../router.js";
import { Avatar } from "../ui/avatar.js";
import { Field, TaskResult } from "../ui/field.js";
import { Icon } from "../ui/icon.js";
import { Page } from "../ui/page.js";
import { useTask } from "../ui/use-task.js";
import { PeoplePicker } from "./people-picker.js";

export function NewChat() {
  const client = useClient();
  const router = useRouter();
  const { translate } = useLocale();
  const task = useTask();
  const pick = (user: User) =>
    task.run(async () => {
      const chat = await client.createDirect(user.id);
      router.go({ page: "chat", chat: chat.id }, "replace");
    });
  return (
    <Page title={translate("new.title")} back={{ page: "home" }}>
      <a class="row-link" href={hashOf({ page: "new-group" })}><Icon name="people" />{translate("new.toGroup")}</a>
      <p>{translate("new.direct")}</p>
      <PeoplePicker onPick={pick} busy={task.busy} />
      <TaskResult task={task} />
    </Page>
  );
}

/** The server takes no longer titles. */
export const titleCharactersMax = 128;

export function NewGroup() {
  const client = useClient();
  const router = useRouter();
  const { translate } = useLocale();
  const task = useTask();
  const [title, setTitle] = useState("");
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const create = (event: Event) => {
    event.preventDefault();
    task.run(async () => {
      const chat = await client.createGroup(title.trim(), chosen.map((user) => user.id));
      router.go({ page: "chat", chat: chat.id }, "replace");
    });
  };
  return (
    <Page title={translate("new.groupTitle")} back={{ page: "new" }}>
      <form onSubmit={create}>
        <Field label={translate("new.groupName")} value={title} onChange={setTitle} required maxLength={titleCharactersMax} autocomplete="off" />
        <Chosen users={chosen} onRemove={(user) => setChosen(chosen.filter((one) => one !== user))} />
        <PeoplePicker onPick={(user) => setChosen([...chosen, user])} without={chosen.map((user) => user.id)}
          action={translate("details.add")} />
        <TaskResult task={task} />
        <button type="submit" class="primary" disabled={task.busy || title.trim() === ""}>{translate("new.create")}</button>
      </form>
    </Page>
  );
}

function Chosen({ users, onRemove }: { users: readonly User[]; onRemove: (user: User) => void }) {
  const locale = useLocale();
  return (
    <>
      <p class="hint" role="status">{locale.translate("new.selected", { count: users.length })}</p>
      <ul class="chips">
        {users.map((user) => {
          const name = shownName(user, locale);
          return (
            <li key={user.id} class="chip">
              <Avatar id={user.id} name={name} small />
              <span dir="auto">{name}</span>
              <button type="button" class="icon-button tiny" onClick={() => onRemove(user)} aria-label={locale.translate("new.remove", { name })}>
                <Icon name="close" />
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}

/**
 * The settings: profile, status, look, privacy, password, devices, and logging out.
 */
import type { ChosenStatus } from "parlour-client";
import { useState } from "preact/hooks";
import { useClient, useLocale, useMe, useSurroundings } from "../context.js";
import { problemText } from "../i18n/problems.js";
import { useReadable } from "../readable.js";
import { hashOf } from "../router.js";
import { Confirm } from "../ui/dialog.js";
import { Field, TaskResult } from "../ui/field.js";
import { Icon } from "../ui/icon.js";
import { Page } from "../ui/page.js";
import { useTask } from "../ui/use-task.js";
import { Choice, LanguageChoice, ThemeChoice } from "./look.js";
import { PrivacySettings } from "./privacy.js";

export function Settings() {
  const { translate } = useLocale();
  const { preferences } = useSurroundings();
  return (
    <Page title={translate("settings.title")} back={{ page: "home" }}>
      <Profile />
      <section>
        <h2>{translate("settings.look")}</h2>
        <ThemeChoice preferences={preferences} />
        <LanguageChoice preferences={preferences} />
      </section>
      <PrivacySettings />
      <Password />
      <section class="links">
        <a class="row-link" href={hashOf({ page: "sessions" })}><Icon name="devices" />{translate("settings.sessionsLink")}</a>
        <a class="row-link" href={hashOf({ page: "help" })}><Icon name="keyboard" />{translate("settings.help")}</a>
        <LogOut />
      </section>
    </Page>
  );
}

function Profile() {
  const client = useClient();
  const me = useMe();
  const { translate } = useLocale();
  const task = useTask();
  const [name, setName] = useState(me.displayName);
  const save = (event: Event) => {
    event.preventDefault();
    task.run(async () => {
      await client.updateMe({ displayName: name.trim() });
    });
  };
  return (
    <section>
      <h2>{translate("settings.profile")}</h2>
      <p class="hint">{translate("settings.username", { name: me.username })}</p>
      <form onSubmit={save}>
        <Field label={translate("settings.displayName")} value={name} onChange={setName} maxLength={64} autocomplete="name" required />
        <TaskResult task={task} doneText={translate("action.saved")} />
        <button type="submit" class="primary" disabled={task.busy || name.trim() === ""}>{translate("action.save")}</button>
      </form>
      <StatusChoice />
    </section>
  );
}

const statuses: readonly ChosenStatus[] = ["online", "away", "busy", "invisible"];

function StatusChoice() {
  const client = useClient();
  const { translate } = useLocale();
  const task = useTask();
  const status = useReadable(client.status);
  const options = statuses.map((value) => ({ value, text: translate(`status.${value}`) }));
  return (
    <>
      <Choice label={translate("settings.status")} value={status} options={options}
        onChange={(next) => task.runLast(() => client.setStatus(next as ChosenStatus))} />
      <TaskResult task={task} />
    </>
  );
}

function Password() {
  const client = useClient();
  const me = useMe();
  const { translate } = useLocale();
  const task = useTask();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = (event: Event) => {
    event.preventDefault();
    task.run(async () => {
      await client.changePassword(current, next);
      setCurrent("");
      setNext("");
    });
  };
  const wrong = task.problem?.code === "token_invalid" || task.problem?.code === "forbidden";
  const problem = task.problem && (wrong ? translate("error.wrongPassword") : problemText(translate, task.problem));
  return (
    <section>
      <h2>{translate("settings.password")}</h2>
      <form onSubmit={change}>
        <input type="text" name="username" autocomplete="username" value={me.username} hidden readOnly />
        <Field label={translate("settings.currentPassword")} value={current} onChange={setCurrent} type="password" autocomplete="current-password" required latin />
        <Field label={translate("settings.newPassword")} value={next} onChange={setNext} type="password" autocomplete="new-password" required latin
          minLength={8} maxLength={256} hint={translate("settings.passwordHint")} />
        <p class={problem ? "result problem" : "result"} role="status">{problem ?? (task.done && translate("settings.passwordChanged"))}</p>
        <button type="submit" class="primary" disabled={task.busy}>{translate("settings.changePassword")}</button>
      </form>
    </section>
  );
}

function LogOut() {
  const client = useClient();
  const { translate } = useLocale();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button type="button" class="row-link" onClick={() => setAsking(true)}><Icon name="leave" />{translate("settings.logout")}</button>
      {asking && (
        <Confirm title={translate("settings.logoutTitle")} text={translate("settings.logoutText")} action={translate("settings.logout")}
          onClose={() => setAsking(false)} onConfirm={() => void client.logout()} />
      )}
    </>
  );
}

/**
 * Registering and logging in: one form that changes between the two.
 */
import type { Problem, StopReason } from "parlour-client";
import { useEffect, useState } from "preact/hooks";
import { useClient, useLocale, useSurroundings } from "../context.js";
import { problemText } from "../i18n/problems.js";
import type { Locale } from "../i18n/locale.js";
import { LanguageChoice } from "../settings/look.js";
import { Field } from "../ui/field.js";
import { Sign } from "../ui/icon.js";
import { useTask } from "../ui/use-task.js";

export function SignIn({ reason }: { reason: StopReason | undefined }) {
  const locale = useLocale();
  const { translate } = locale;
  const [isNew, setNew] = useState(false);
  useEffect(() => {
    document.title = translate("app.name");
  }, [translate]);
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <Sign />
        <h1>{translate(isNew ? "account.registerTitle" : "account.loginTitle")}</h1>
        <p class="tagline">{translate("account.tagline")}</p>
        <p class="result problem" role="alert">{reasonText(reason, locale)}</p>
        <AccountForm isNew={isNew} />
        <button type="button" class="link" onClick={() => setNew(!isNew)}>
          {translate(isNew ? "account.toLogin" : "account.toRegister")}
        </button>
        <LanguageChoice preferences={useSurroundings().preferences} />
      </div>
    </main>
  );
}

/** What was typed stays when one changes one's mind about being new here; what went wrong does not. */
function AccountForm({ isNew }: { isNew: boolean }) {
  const client = useClient();
  const locale = useLocale();
  const { translate } = locale;
  const task = useTask();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [wasNew, setWasNew] = useState(isNew);
  const submit = (event: Event) => {
    event.preventDefault();
    const name = username.trim().toLowerCase();
    setWasNew(isNew);
    task.run(async () => {
      await (isNew ? client.register(name, password, displayName.trim() || undefined) : client.login(name, password));
    });
  };
  return (
    <form onSubmit={submit}>
      <Field label={translate("account.username")} value={username} onChange={setUsername} autocomplete="username" required latin
        maxLength={32} hint={isNew ? translate("account.usernameHint") : undefined} />
      {isNew && <Field label={translate("account.displayName")} value={displayName} onChange={setDisplayName} autocomplete="name" maxLength={64} />}
      <Field label={translate("account.password")} value={password} onChange={setPassword} type="password" required latin maxLength={256}
        autocomplete={isNew ? "new-password" : "current-password"} minLength={isNew ? 8 : 1}
        hint={isNew ? translate("account.passwordHint") : undefined} />
      <p class="result problem" role="alert">{task.problem && wasNew === isNew && signInProblem(task.problem, locale)}</p>
      <button type="submit" class="primary wide" disabled={task.busy}>
        {translate(isNew ? "account.register" : "account.login")}
      </button>
    </form>
  );
}

/** A refused token means a wrong password here, and nothing else. */
function signInProblem(problem: Problem, { translate }: Locale): string {
  return problem.code === "token_invalid" ? translate("error.wrongLogin") : problemText(translate, problem);
}

function reasonText(reason: StopReason | undefined, { translate }: Locale): string | undefined {
  return reason === undefined || reason === "logged_out" ? undefined : translate(`account.stop.${reason}`);
}

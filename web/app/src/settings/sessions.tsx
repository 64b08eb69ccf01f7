/**
 * The devices that are signed in: see them, sign out one, sign out all others.
 */
import type { Session } from "parlour-client";
import { useEffect, useState } from "preact/hooks";
import { useClient, useLocale } from "../context.js";
import { TaskResult } from "../ui/field.js";
import { Icon } from "../ui/icon.js";
import { Page } from "../ui/page.js";
import { type Task, useTask } from "../ui/use-task.js";

export function Sessions() {
  const client = useClient();
  const { translate } = useLocale();
  const loading = useTask();
  const revoking = useTask();
  const [sessions, setSessions] = useState<readonly Session[]>();
  const load = async () => setSessions(await client.sessions());
  useEffect(() => loading.run(load), [client]);
  const revoke = (work: () => Promise<void>) => revoking.run(() => work().then(load));
  const others = sessions?.filter((session) => !session.current) ?? [];
  return (
    <Page title={translate("sessions.title")} back={{ page: "settings" }}>
      <TaskResult task={loading} />
      <ul class="plain-list sessions">
        {sessions?.map((session) => (
          <SessionLine key={session.id} session={session} task={revoking} onRevoke={() => revoke(() => client.revokeSession(session.id))} />
        ))}
      </ul>
      <TaskResult task={revoking} doneText={translate("sessions.revoked")} />
      {sessions && others.length === 0 && <p class="hint">{translate("sessions.none")}</p>}
      {others.length > 0 && (
        <button type="button" class="danger" disabled={revoking.busy} onClick={() => revoke(() => client.revokeOtherSessions())}>
          {translate("sessions.revokeOthers")}
        </button>
      )}
    </Page>
  );
}

function SessionLine({ session, task, onRevoke }: { session: Session; task: Task; onRevoke: () => void }) {
  const { translate, dates } = useLocale();
  const device = session.device || translate("sessions.unnamed");
  return (
    <li class="card-line">
      <Icon name="devices" />
      <div class="grow">
        <strong dir="auto">{device}</strong>
        {session.current && <span class="tag">{translate("sessions.current")}</span>}
        <p class="hint">{translate("sessions.active", { time: dates.full(session.lastActiveAt) })}</p>
        <p class="hint">{translate("sessions.since", { time: dates.full(session.createdAt) })}</p>
      </div>
      {!session.current && (
        <button type="button" class="quiet" disabled={task.busy} onClick={onRevoke}>
          {translate("sessions.revoke")}
          <span class="unseen">{device}</span>
        </button>
      )}
    </li>
  );
}

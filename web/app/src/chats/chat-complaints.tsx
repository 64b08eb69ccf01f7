/**
 * At the end of a chat's details: blocking the other person of a direct chat, and reporting them or the group.
 */
import type { ChatSummary, Id } from "parlour-client";
import { useEffect, useState } from "preact/hooks";
import { useClient, useLocale } from "../context.js";
import { useChatName, useName } from "../names.js";
import { ReportDialog } from "../report/report-dialog.js";
import { Confirm } from "../ui/dialog.js";
import { TaskResult } from "../ui/field.js";
import { Icon } from "../ui/icon.js";
import { useTask } from "../ui/use-task.js";

export function ChatComplaints({ summary }: { summary: ChatSummary }) {
  const { peer } = summary;
  return (
    <section class="links">
      {peer !== undefined && <Block user={peer} />}
      <Report summary={summary} />
    </section>
  );
}

/** The server knows whether somebody is blocked; until it has said so, nothing is offered. */
function Block({ user }: { user: Id }) {
  const client = useClient();
  const { translate } = useLocale();
  const name = useName(user);
  const task = useTask();
  const [isBlocked, setBlocked] = useState<boolean>();
  const [asking, setAsking] = useState(false);
  useEffect(() => task.run(async () => setBlocked(await client.hasBlocked(user))), [client, user]);
  const set = (wanted: boolean) =>
    task.run(async () => {
      await (wanted ? client.block(user) : client.unblock(user));
      setBlocked(wanted);
    });
  return (
    <>
      {isBlocked && <p class="hint">{translate("details.isBlocked", { name })}</p>}
      {isBlocked !== undefined && (
        <button type="button" class={isBlocked ? "row-link" : "row-link danger-text"} disabled={task.busy}
          onClick={() => (isBlocked ? set(false) : setAsking(true))}>
          <Icon name="block" />{translate(isBlocked ? "details.unblock" : "details.block", { name })}
        </button>
      )}
      <TaskResult task={task} />
      {asking && (
        <Confirm title={translate("details.blockTitle", { name })} text={translate("details.blockText", { name })} action={translate("details.block", { name })}
          onClose={() => setAsking(false)} onConfirm={() => set(true)} />
      )}
    </>
  );
}

function Report({ summary }: { summary: ChatSummary }) {
  const { translate } = useLocale();
  const name = useChatName(summary);
  const [asking, setAsking] = useState(false);
  const title = translate("report.title", { name });
  return (
    <>
      <button type="button" class="row-link danger-text" onClick={() => setAsking(true)}><Icon name="flag" />{title}</button>
      {asking && (
        <ReportDialog title={title} what={summary.peer === undefined ? { chat: summary.id } : { user: summary.peer }} onClose={() => setAsking(false)} />
      )}
    </>
  );
}

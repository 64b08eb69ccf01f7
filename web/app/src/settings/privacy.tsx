/**
 * What others may see of oneself. What is shown is what the server has in force.
 */
import type { Audience } from "parlour-client";
import { useEffect, useState } from "preact/hooks";
import { useClient, useLocale } from "../context.js";
import { TaskResult } from "../ui/field.js";
import { useTask } from "../ui/use-task.js";
import { Choice } from "./look.js";

const audiences: readonly Audience[] = ["everyone", "nobody"];

export function PrivacySettings() {
  const client = useClient();
  const { translate } = useLocale();
  const task = useTask();
  const [lastSeen, setLastSeen] = useState<Audience>();
  const [isSaved, setSaved] = useState(false);
  useEffect(() => task.run(async () => setLastSeen((await client.privacy()).lastSeen)), [client]);
  const change = (wanted: string) =>
    task.runLast(async () => {
      const { lastSeen: now } = await client.setPrivacy({ lastSeen: wanted as Audience });
      setLastSeen(now);
      setSaved(true);
    });
  const options = audiences.map((value) => ({ value, text: translate(`settings.audience.${value}`) }));
  return (
    <section>
      <h2>{translate("settings.privacy")}</h2>
      {lastSeen !== undefined && <Choice label={translate("settings.lastSeen")} value={lastSeen} options={options} onChange={change} />}
      <p class="hint">{translate("settings.lastSeenHint")}</p>
      <TaskResult task={task} {...(isSaved && { doneText: translate("action.saved") })} />
    </section>
  );
}

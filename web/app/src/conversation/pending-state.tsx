/**
 * The honest state of what one did and the log does not have yet, with what one can do about it.
 */
import type { Pending } from "parlour-client";
import { useLocale } from "../context.js";
import { problemText } from "../i18n/problems.js";
import type { Locale } from "../i18n/locale.js";
import { Icon, type IconName } from "../ui/icon.js";
import type { MessageActions } from "./actions.js";

const icons: Readonly<Record<Pending["state"], IconName>> = { queued: "clock", sending: "clock", failed: "alert", stalled: "alert" };

/** Below an own message that is on its way. */
export function SendState({ pending, actions }: { pending: Pending; actions: MessageActions }) {
  return <State pending={pending} actions={actions} text={sendStateText(pending, useLocale())} />;
}

/** Below a message whose edit, deletion or reaction is on its way. */
export function ChangeState({ pending, actions }: { pending: Pending; actions: MessageActions }) {
  return <State pending={pending} actions={actions} text={changeStateText(pending, useLocale())} />;
}

function State({ pending, actions, text }: { pending: Pending; actions: MessageActions; text: string }) {
  const { translate } = useLocale();
  const isTrouble = pending.state === "failed" || pending.state === "stalled";
  return (
    // Trouble is read out, though the history around it is silent.
    <div class={isTrouble ? "pending-state trouble" : "pending-state"} role={isTrouble ? "alert" : undefined}>
      <span class="pending-text"><Icon name={icons[pending.state]} />{text}</span>
      {pending.state === "failed" && (
        <button type="button" class="link" onClick={() => actions.retry(pending)}>{translate("pending.retry")}</button>
      )}
      {isTrouble && <button type="button" class="link" onClick={() => actions.discard(pending)}>{translate("pending.discard")}</button>}
    </div>
  );
}

export function sendStateText(pending: Pending, { translate }: Locale): string {
  const reason = pending.error ? problemText(translate, pending.error) : "";
  switch (pending.state) {
    case "queued": return translate("pending.queued");
    case "sending": return translate("pending.sending");
    case "failed": return translate("pending.failed", { reason });
    // What is held back because the connection broke over it was never answered.
    case "stalled": return pending.error ? translate("pending.stalled", { reason }) : translate("pending.stalledSilently");
  }
}

const underWay = { send: "pending.sending", edit: "pending.editing", delete: "pending.deleting", react: "pending.reacting" } as const;

export function changeStateText(pending: Pending, { translate }: Locale): string {
  if (pending.state === "queued" || pending.state === "sending") return translate(underWay[pending.operation.type]);
  if (pending.state === "stalled" && !pending.error) return translate("pending.changeStalled");
  return translate("pending.changeFailed", { reason: pending.error ? problemText(translate, pending.error) : "" });
}

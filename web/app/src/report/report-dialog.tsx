/**
 * Telling the operators of the server about somebody, a chat or a message.
 */
import type { Reported, ReportReason } from "parlour-client";
import { useId, useState } from "preact/hooks";
import { useClient, useLocale } from "../context.js";
import { Choice } from "../settings/look.js";
import { textBytes } from "../text-bytes.js";
import { Dialog } from "../ui/dialog.js";
import { TaskResult } from "../ui/field.js";
import { useNotes } from "../ui/notes.js";
import { useTask } from "../ui/use-task.js";

const reasons: readonly ReportReason[] = ["spam", "abuse", "violence", "other"];
/** The server takes no longer notes; counted in UTF-8. */
const noteBytesMax = 1000;

interface ReportDialogProps {
  title: string;
  what: Reported;
  onClose: () => void;
}

export function ReportDialog({ title, what, onClose }: ReportDialogProps) {
  const client = useClient();
  const { translate } = useLocale();
  const task = useTask();
  const say = useNotes();
  const noteId = useId();
  const [reason, setReason] = useState<ReportReason>("spam");
  const [note, setNote] = useState("");
  const isTooLong = textBytes(note.trim()) > noteBytesMax;
  const send = (event: Event) => {
    event.preventDefault();
    if (isTooLong) return;
    task.run(async () => {
      await client.report(what, reason, note.trim());
      say(translate("report.sent"));
      onClose();
    });
  };
  const options = reasons.map((value) => ({ value, text: translate(`report.reason.${value}`) }));
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={send}>
        <p>{translate("report.text")}</p>
        <Choice label={translate("report.reason")} value={reason} options={options} onChange={(value) => setReason(value as ReportReason)} />
        <div class="field">
          <label for={noteId}>{translate("report.note")}</label>
          <textarea id={noteId} rows={3} dir="auto" aria-invalid={isTooLong} aria-describedby={`${noteId}-problem`} value={note}
            onInput={(event) => setNote(event.currentTarget.value)} />
          <p class="result problem" id={`${noteId}-problem`} role="status">{isTooLong && translate("report.tooLong")}</p>
        </div>
        <TaskResult task={task} />
        <div class="buttons">
          <button type="button" class="quiet" onClick={onClose}>{translate("action.cancel")}</button>
          <button type="submit" class="danger" disabled={task.busy || isTooLong}>{translate("report.send")}</button>
        </div>
      </form>
    </Dialog>
  );
}

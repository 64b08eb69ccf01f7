/**
 * Who has read a message, whom it has reached, and whom not.
 */
import type { Chat, Id, Message } from "parlour-client";
import { useEffect, useState } from "preact/hooks";
import { useLocale, useMe } from "../context.js";
import { useNames } from "../names.js";
import { useReadable } from "../readable.js";
import { Avatar } from "../ui/avatar.js";
import { Dialog } from "../ui/dialog.js";
import { TaskResult } from "../ui/field.js";
import { useTask } from "../ui/use-task.js";

interface Receipt {
  user: Id;
  delivered: boolean;
  read: boolean;
}

export function Receipts({ chat, message, onClose }: { chat: Chat; message: Message; onClose: () => void }) {
  const { translate } = useLocale();
  const me = useMe();
  const task = useTask();
  const marks = useReadable(chat.marks);
  const [receipts, setReceipts] = useState<readonly Receipt[]>();
  useEffect(() => task.run(async () => setReceipts(await chat.receipts(message.seq))), [chat, message.seq]);
  const current = receipts?.filter((receipt) => receipt.user !== me.id).map((receipt) => withMark(receipt, marks.get(receipt.user), message.seq)) ?? [];
  return (
    <Dialog title={translate("message.receipts")} onClose={onClose}>
      <TaskResult task={task} />
      {receipts && (
        <>
          <People title={translate("message.receiptsRead")} users={current.filter((receipt) => receipt.read)} />
          <People title={translate("message.receiptsDelivered")} users={current.filter((receipt) => !receipt.read && receipt.delivered)} />
          <People title={translate("message.receiptsSent")} users={current.filter((receipt) => !receipt.delivered)} />
        </>
      )}
      <div class="buttons"><button type="button" class="quiet" onClick={onClose}>{translate("action.close")}</button></div>
    </Dialog>
  );
}

/** What came in since it was asked. */
function withMark(receipt: Receipt, mark: { delivered: number; read: number } | undefined, seq: number): Receipt {
  if (!mark) return receipt;
  return { ...receipt, delivered: receipt.delivered || mark.delivered >= seq, read: receipt.read || mark.read >= seq };
}

function People({ title, users }: { title: string; users: readonly Receipt[] }) {
  const { translate } = useLocale();
  const nameOf = useNames(users.map(({ user }) => user));
  return (
    <section class="receipts">
      <h3>{title}</h3>
      {users.length === 0 && <p class="hint">{translate("message.nobody")}</p>}
      <ul class="plain-list">
        {users.map(({ user }) => (
          <li key={user} class="person-line"><Avatar id={user} name={nameOf(user)} small /><span dir="auto">{nameOf(user)}</span></li>
        ))}
      </ul>
    </section>
  );
}

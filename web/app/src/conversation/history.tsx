/**
 * The history of an open chat: rows in a scrolled view, and what is said at its two edges.
 */
import type { Chat, ChatSummary, Message, Pending, Seq, Ticks } from "parlour-client";
import { useMemo, useRef, useState } from "preact/hooks";
import { useLocale, useMe } from "../context.js";
import { usePacedReadable, useReadable } from "../readable.js";
import type { MessageActions } from "./actions.js";
import { HistoryView } from "./history-view.js";
import { messageKey } from "./message-keys.js";
import { MessageRow } from "./message-row.js";
import { DayRow, NoticeRow, PendingRow, UnreadRow } from "./other-rows.js";
import type { Row } from "./rows.js";
import type { OpenedConversation } from "./use-conversation.js";

interface HistoryProps {
  chat: Chat;
  summary: ChatSummary;
  opened: OpenedConversation;
  actions: MessageActions;
}

export function History({ chat, summary, opened, actions }: HistoryProps) {
  const me = useMe();
  const { translate } = useLocale();
  const { timeline, rows, messages, atEnd } = opened;
  const before = useReadable(timeline.before);
  const after = useReadable(timeline.after);
  const pending = useReadable(timeline.pending);
  const [active, setActive] = useState<string>();
  // The marks decide over the ticks: when they change, the rows that now have others are drawn again.
  usePacedReadable(chat.marks);
  const bySeq = useMemo(() => new Map(messages.map((message) => [message.seq, message])), [messages]);
  const changes = useMemo(() => changesByTarget(pending), [pending]);
  const ticksOf = (message: Message): Ticks["state"] | undefined =>
    message.author === me.id && "body" in message.content ? chat.ticks(message).state : undefined;
  const drawing: RowDrawing = { bySeq, changes, ticksOf, actions, active, inGroup: summary.type === "group" };
  const keys = useRef<((event: KeyboardEvent) => void) | undefined>(undefined);
  keys.current = (event) => messageKey(event, { view: opened.view.current?.element ?? null, bySeq, actions, me: me.id, summary });
  const handlers = useHandlers(setActive, keys, bySeq, actions);
  return (
    <HistoryView handle={opened.view} label={translate("chat.messages")} atEnd={atEnd}
      isEmpty={rows.length === 0} target={opened.target} onNearStart={() => void timeline.loadBefore().catch(() => undefined)}
      onNearEnd={() => void timeline.loadAfter().catch(() => undefined)} onSeen={opened.seen} {...handlers}>
      <Edge state={before} isStart />
      {rows.map((row) => drawRow(row, drawing))}
      {!atEnd && <Edge state={after} />}
    </HistoryView>
  );
}

/** Handlers on the whole list instead of on each row. */
function useHandlers(
  setActive: (row: string | undefined) => void,
  keys: { current: ((event: KeyboardEvent) => void) | undefined },
  bySeq: ReadonlyMap<Seq, Message>,
  actions: MessageActions,
) {
  const rowOf = (event: Event) => (event.target instanceof HTMLElement ? (event.target.closest<HTMLElement>("[data-row]") ?? undefined) : undefined);
  return {
    onFocusIn: (event: FocusEvent) => setActive(rowOf(event)?.dataset.row),
    onKeyDown: (event: KeyboardEvent) => keys.current?.(event),
    onContextMenu: (event: MouseEvent) => {
      const row = rowOf(event);
      const message = bySeq.get(Number(row?.dataset.seq));
      // A link keeps the browser's own menu, and so does selected text.
      if (!row || !message || !("body" in message.content) || event.target instanceof HTMLAnchorElement || getSelection()?.isCollapsed === false) return;
      event.preventDefault();
      actions.openMenu(message, row);
    },
  };
}

interface RowDrawing {
  bySeq: ReadonlyMap<Seq, Message>;
  changes: ReadonlyMap<Seq, Pending>;
  ticksOf: (message: Message) => Ticks["state"] | undefined;
  actions: MessageActions;
  active: string | undefined;
  inGroup: boolean;
}

function drawRow(row: Row, { bySeq, changes, ticksOf, actions, active, inGroup }: RowDrawing) {
  const isActive = row.key === active;
  switch (row.kind) {
    case "day": return <DayRow key={row.key} rowKey={row.key} at={row.at} />;
    case "unread": return <UnreadRow key={row.key} rowKey={row.key} />;
    case "notice": return <NoticeRow key={row.key} rowKey={row.key} message={row.message} />;
    case "message": {
      const { message, first, last } = row;
      return (
        <MessageRow key={row.key} rowKey={row.key} message={message} first={first} last={last} inGroup={inGroup} ticks={ticksOf(message)}
          original={original(message.replyTo, bySeq)} change={changes.get(message.seq)} isActive={isActive} actions={actions} />
      );
    }
    case "pending": {
      const replyTo = row.pending.operation.type === "send" ? row.pending.operation.replyTo : undefined;
      return (
        <PendingRow key={row.key} rowKey={row.key} pending={row.pending} first={row.first} last={row.last}
          original={original(replyTo, bySeq)} isActive={isActive} actions={actions} />
      );
    }
  }
}

const original = (seq: Seq | undefined, bySeq: ReadonlyMap<Seq, Message>) => (seq === undefined ? undefined : bySeq.get(seq));

/** The newest own change of each message that is not in the log yet. */
function changesByTarget(pending: readonly Pending[]): ReadonlyMap<Seq, Pending> {
  const changes = new Map<Seq, Pending>();
  for (const one of pending) if (one.operation.type !== "send") changes.set(one.operation.target, one);
  return changes;
}

function Edge({ state, isStart = false }: { state: "more" | "loading" | "none" | "offline"; isStart?: boolean }) {
  const { translate } = useLocale();
  if (state === "offline") return <p class="edge">{translate(isStart ? "chat.offlineOlder" : "chat.offlineNewer")}</p>;
  if (state === "none" && isStart) return <p class="edge">{translate("chat.beginning")}</p>;
  // The same height whether it loads or not, so that nothing moves; the lower one gives way together with the last lines.
  return <p class={state === "loading" ? "edge" : "edge idle"}>{translate(isStart ? "chat.loadingOlder" : "chat.loadingNewer")}</p>;
}

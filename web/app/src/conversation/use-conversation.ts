/**
 * A conversation that is open: its timeline, its rows, and where in it one is.
 */
import type { Chat, ChatSummary, Message, Seq, Timeline } from "parlour-client";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useMe } from "../context.js";
import { usePacedReadable, useReadable } from "../readable.js";
import type { Seen } from "./anchor.js";
import type { HistoryView, Target } from "./history-view.js";
import { buildRows, type Row } from "./rows.js";

export interface OpenedConversation {
  timeline: Timeline;
  rows: readonly Row[];
  messages: readonly Message[];
  /** Whether the newest message is among these rows, and not only in the timeline, which may be ahead of what is drawn. */
  atEnd: boolean;
  target: Target | undefined;
  view: { current: HistoryView | null };
  /** Whether the newest message is on the screen. */
  isAtBottom: boolean;
  jump(seq: Seq): void;
  toLatest(): void;
  /** Something is in view: moves the own mark if somebody is looking. */
  seen(seen: Seen, isAtBottom: boolean): void;
  /** After sending one has seen what was unread. */
  forgetMarker(): void;
}

/** Opens `chat` at `seq`, else at the first unread message, else at its end. */
export function useConversation(chat: Chat, initial: ChatSummary, seq: Seq | undefined): OpenedConversation {
  const me = useMe();
  const view = useRef<HistoryView>(null);
  const start = initial.unread > 0 ? initial.read + 1 : undefined;
  const [timeline] = useState(() => chat.timeline(seq ?? start ?? "end"));
  const [unreadAfter, setUnreadAfter] = useState(start === undefined ? undefined : initial.read);
  const [target, setTarget] = useState<Target | undefined>(() => firstTarget(seq, start));
  const [isAtBottom, setAtBottom] = useState(true);
  const messages = usePacedReadable(timeline.messages);
  const pending = useReadable(timeline.pending);
  const atEnd = useReadable(timeline.atEnd);

  useEffect(() => () => timeline.close(), [timeline]);
  useMarkerWhileAway(chat, setUnreadAfter);

  const rows = useMemo(
    () => buildRows({ messages, pending: atEnd ? pending : [], unreadAfter, me: me.id }),
    [messages, pending, atEnd, unreadAfter, me.id],
  );
  const jump = useCallback((to: Seq) => {
    setTarget({ seq: to, emphasised: true });
    const isLoaded = timeline.messages.value.some((message) => message.seq === to);
    if (!isLoaded) timeline.showAround(to).catch(() => undefined);
  }, [timeline]);
  const toLatest = useCallback(() => {
    setTarget(undefined);
    timeline.showEnd().then(() => view.current?.scrollToEnd(), () => undefined);
  }, [timeline]);
  const seen = useCallback(({ first, last, whole }: Seen, bottom: boolean) => {
    setAtBottom(bottom);
    if (last > 0) timeline.setVisible(first, last);
    if (whole > 0 && document.visibilityState === "visible" && document.hasFocus()) chat.markRead(whole);
  }, [chat, timeline]);
  const forgetMarker = useCallback(() => setUnreadAfter(undefined), []);
  useFollowLink(seq, jump);
  return { timeline, rows, messages, atEnd, target, view, isAtBottom, jump, toLatest, seen, forgetMarker };
}

function firstTarget(seq: Seq | undefined, start: Seq | undefined): Target | undefined {
  if (seq !== undefined) return { seq, emphasised: true };
  return start === undefined ? undefined : { row: "unread", emphasised: false };
}

/** Another link to the same chat jumps there. */
function useFollowLink(seq: Seq | undefined, jump: (seq: Seq) => void): void {
  const followed = useRef(seq);
  useEffect(() => {
    if (seq !== undefined && seq !== followed.current) jump(seq);
    followed.current = seq;
  }, [seq, jump]);
}

/** Who looks elsewhere finds a marker before what came meanwhile. */
function useMarkerWhileAway(chat: Chat, setUnreadAfter: (seq: Seq) => void): void {
  useEffect(() => {
    const left = () => {
      const summary = chat.summary.value;
      if (summary && summary.unread === 0) setUnreadAfter(summary.head);
    };
    const changed = () => document.visibilityState === "hidden" && left();
    addEventListener("blur", left);
    document.addEventListener("visibilitychange", changed);
    return () => {
      removeEventListener("blur", left);
      document.removeEventListener("visibilitychange", changed);
    };
  }, [chat, setUnreadAfter]);
}

/** What the application asks for, and how it is answered. */

import type { Timestamp } from "../api.js";
import { NOT_CONNECTED } from "../problem.js";
import { read } from "./marks.js";
import { cancel, post, retry } from "./posting.js";
import { answer, type Command, type Output, type State, send } from "./state.js";

/** Does what the application wants. */
export function command(state: State, now: Timestamp, wanted: Command, out: Output): void {
  switch (wanted.type) {
    case "post":
      return post(state, now, wanted, wanted.reply, out);
    case "retry":
      return retry(state, now, wanted.name, wanted.reply, out);
    case "cancel":
      return cancel(state, wanted.name, wanted.reply, out);
    case "read":
      return read(state, wanted.chat, wanted.seq, out);
    case "typing":
      return type(state, wanted, out);
    case "watch":
      out.told.push(...state.watching.set(wanted.users, wanted.chats));
      return sendWatch(state, now, out);
    case "flush":
      return state.marks.flush();
    case "status":
    case "history":
      return ask(state, now, wanted, out);
  }
}

function type(state: State, { chat, on }: Command & { type: "typing" }, out: Output): void {
  const connection = state.link.live?.connection;
  // Typing is worth nothing later: without a connection it is forgotten.
  if (connection !== undefined) send(out, connection, { type: "typing", chat, on });
}

function ask(state: State, now: Timestamp, wanted: Command & { type: "status" | "history" }, out: Output): void {
  const connection = state.link.live?.connection;
  if (connection === undefined) return answer(out, () => wanted.reply.refused(NOT_CONNECTED));
  const { requests } = state;
  if (wanted.type === "status") {
    const ref = requests.open(now, connection, { type: "status", reply: wanted.reply });
    send(out, connection, { type: "set_status", ref, status: wanted.status });
  } else {
    const ref = requests.open(now, connection, { type: "history", reply: wanted.reply });
    send(out, connection, { type: "history", ref, ...wanted.frame });
  }
}

/** Tells the live connection what is on the screen. Without one, the next `welcome` is answered with it. */
export function sendWatch(state: State, now: Timestamp, out: Output): void {
  const connection = state.link.live?.connection;
  if (connection === undefined || !state.watching.screen) return;
  const ref = state.requests.open(now, connection, { type: "watch" });
  send(out, connection, { type: "watch", ref, ...state.watching.screen });
}

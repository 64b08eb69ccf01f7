/** What happens, in the words of `ClientEvent`. */

import type { ClientEvent } from "./api.js";
import { lineOf } from "./convert.js";
import type { Told } from "./machine/state.js";

/** What an application that listens to everything is told. */
export function eventsOf(told: Told): ClientEvent[] {
  switch (told.type) {
    case "event": {
      const { event } = told;
      const message = event.kind === "message" ? lineOf(event) : undefined;
      const any: ClientEvent = { type: "event", chat: event.chat, seq: event.seq, event };
      return message ? [any, { type: "message", message }] : [any];
    }
    case "chat_joined":
      return [{ type: "chat_joined", chat: told.chat.id }];
    case "chat_left":
      return [{ type: "chat_left", chat: told.chat }];
    case "too_long":
      return [{ type: "too_long", chat: told.chat, head: told.head }];
    case "settled":
      return [{ type: "settled", chat: told.chat, key: told.name, result: told.result }];
    case "stalled":
      return [{ type: "stalled", chat: told.chat, key: told.name, ...(told.error && { error: told.error }) }];
    default:
      return [];
  }
}

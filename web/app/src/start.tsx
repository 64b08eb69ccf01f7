/**
 * Puts the application on the page, over whatever client it is given.
 */
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/layout.css";
import "./styles/chat-list.css";
import "./styles/conversation.css";
import "./styles/message.css";
import "./styles/overlays.css";
import type { Client, Readable } from "parlour-client";
import { render } from "preact";
import { App } from "./app.js";
import { createPreferences } from "./preferences.js";
import { createCell, drawByFrames } from "./readable.js";
import { createRouter } from "./router.js";

export function start(client: Client, newVersion: Readable<(() => void) | undefined> = createCell(undefined)): void {
  const place = document.getElementById("app");
  if (!place) throw new Error("the page has no place for the application");
  drawByFrames();
  const surroundings = { client, router: createRouter(window), preferences: createPreferences(document) };
  render(<App surroundings={surroundings} newVersion={newVersion} />, place);
}

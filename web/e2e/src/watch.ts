/**
 * Listens to everything that must not happen in any page: errors, words in the console, refusals of the page's policy, requests to others.
 */
import type { BrowserContext, ConsoleMessage } from "playwright-core";

/** What the browser itself writes about a network that is away; not a fault where a test takes the network away. */
const ofNetwork = /^Failed to load resource: net::ERR_|^WebSocket connection to .* failed|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED/;
/** What it writes about an answer that is an error; not a fault where a test provokes one. */
const ofAnswer = /^Failed to load resource: the server responded with a status of (401|403|404|409)/;

export interface Expected {
  /** The network or the server goes away. */
  readonly outages?: boolean;
  /** The server refuses something. */
  readonly refusals?: boolean;
}

/** Tells `report` of every fault in any page of the context. `home` is where pages may ask for something. */
export function watch(context: BrowserContext, home: string, expected: Expected, report: (fault: string) => void): void {
  context.on("console", (message) => {
    if (isFault(message, expected)) report(`console: ${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => report(`error: ${error.error().stack ?? error.error().message}`));
  context.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${home}/`) && !url.startsWith("data:") && !url.startsWith("blob:")) report(`request to ${url}`);
  });
}

function isFault(message: ConsoleMessage, { outages, refusals }: Expected): boolean {
  if (message.type() !== "error" && message.type() !== "warning") return false;
  const text = message.text();
  return !(outages && ofNetwork.test(text)) && !(refusals && ofAnswer.test(text));
}

/**
 * The page over an invented server: `fake.html?messages=50000&rate=100`. `window.fake` lets a browser test play the others.
 */
import { start } from "../start.js";
import { FakeClient } from "./fake-client.js";

const wanted = new URLSearchParams(location.search);
const client = new FakeClient({
  messages: Number(wanted.get("messages") ?? 400),
  signedIn: !wanted.has("out"),
});
const rate = Number(wanted.get("rate") ?? 0);
if (rate > 0) flood(rate);
Object.assign(window, { fake: client });
start(client);

/** As many messages as the clock asks for, though timers come late on a busy page. */
function flood(perSecond: number): void {
  const started = performance.now();
  let sent = 0;
  setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * perSecond);
    for (; sent < due; sent += 1) client.receive("6000");
  }, 1000 / perSecond);
}

/**
 * How the connection is, as soon as there is something to say about it; and whether a new version of the page waits.
 */
import type { Readable, Timestamp } from "parlour-client";
import { useEffect, useState } from "preact/hooks";
import { useClient, useLocale } from "../context.js";
import { useReadable } from "../readable.js";

/** Connecting is not worth a word before. */
const patienceMs = 1200;

export function ConnectionBanner() {
  const client = useClient();
  const connection = useReadable(client.connection);
  const { translate } = useLocale();
  const isSlow = useDelayed(connection.state === "connecting" || connection.state === "catching_up", patienceMs);
  if (connection.state === "waiting") return <Waiting retryAt={connection.retryAt} onTry={() => client.reconnect()} />;
  const text = connection.state === "connecting" ? "connection.connecting" : "connection.catchingUp";
  return <div class={isSlow ? "banner" : "banner hidden"} role="status">{isSlow && translate(text)}</div>;
}

/** The sentence is announced once; the seconds, which change all the time, are not. */
function Waiting({ retryAt, onTry }: { retryAt: Timestamp; onTry: () => void }) {
  const { translate } = useLocale();
  const seconds = useSecondsUntil(retryAt);
  return (
    <div class="banner offline">
      <span role="status">{translate("connection.offline")}</span>
      {seconds > 0 && <span class="banner-countdown" aria-hidden="true">{translate("connection.retryIn", { count: seconds })}</span>}
      <button type="button" class="link" onClick={onTry}>{translate("connection.tryNow")}</button>
    </div>
  );
}

function useSecondsUntil(at: Timestamp): number {
  const left = () => Math.max(0, Math.ceil((at - Date.now()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    const timer = setInterval(() => setSeconds(left()), 1000);
    return () => clearInterval(timer);
  }, [at]);
  return seconds;
}

/** `wanted`, but not before it has been so for a while. */
function useDelayed(wanted: boolean, afterMs: number): boolean {
  const [is, setIs] = useState(false);
  useEffect(() => {
    if (!wanted) return setIs(false);
    const timer = setTimeout(() => setIs(true), afterMs);
    return () => clearTimeout(timer);
  }, [wanted, afterMs]);
  return is && wanted;
}

/** Offers the new version; taking it reloads the page. */
export function VersionBanner({ waiting }: { waiting: Readable<(() => void) | undefined> }) {
  const takeOver = useReadable(waiting);
  const { translate } = useLocale();
  if (!takeOver) return null;
  return (
    <div class="banner" role="status">
      <span>{translate("app.newVersion")}</span>
      <button type="button" class="link" onClick={takeOver}>{translate("app.reload")}</button>
    </div>
  );
}

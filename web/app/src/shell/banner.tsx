/**
 * How the connection is, as soon as there is something to say about it; and whether a new version of the page waits.
 */
import type { Readable, Timestamp } from "parlour-client";
import type { ComponentChildren } from "preact";
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
  if (connection.state === "waiting") {
    return (
      <Banner text={translate("connection.offline")} isOffline>
        <Countdown until={connection.retryAt} />
        <button type="button" class="link" onClick={() => client.reconnect()}>{translate("connection.tryNow")}</button>
      </Banner>
    );
  }
  return <Banner text={isSlow && translate(connection.state === "connecting" ? "connection.connecting" : "connection.catchingUp")} />;
}

/** Offers the new version; taking it reloads the page. */
export function VersionBanner({ waiting }: { waiting: Readable<(() => void) | undefined> }) {
  const takeOver = useReadable(waiting);
  const { translate } = useLocale();
  return (
    <Banner text={takeOver && translate("app.newVersion")}>
      {takeOver && <button type="button" class="link" onClick={takeOver}>{translate("app.reload")}</button>}
    </Banner>
  );
}

interface BannerProps {
  text: string | false | undefined;
  isOffline?: boolean;
  children?: ComponentChildren;
}

/** What it says stands in a region that is always there: a screen reader is silent about words that come together with their region. */
function Banner({ text, isOffline = false, children }: BannerProps) {
  return (
    <div class={`banner${isOffline ? " offline" : ""}${text ? "" : " hidden"}`}>
      <span role="status">{text}</span>
      {children}
    </div>
  );
}

/** The seconds change all the time, and are not read out. */
function Countdown({ until }: { until: Timestamp }) {
  const { translate } = useLocale();
  const seconds = useSecondsUntil(until);
  return seconds > 0 ? <span class="banner-countdown" aria-hidden="true">{translate("connection.retryIn", { count: seconds })}</span> : null;
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

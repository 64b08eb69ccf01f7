/** The browser that everything here is tried in: Debian's Chromium, or whichever CHROMIUM names. */
import { type Browser, chromium } from "playwright-core";

/** Without a sandbox, which containers do not allow and nothing foreign runs in; shared memory is small there, too. */
export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });

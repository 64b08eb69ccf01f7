/**
 * Where the page begins: connects to the server it came from, and shows what this device has.
 */
import { connect } from "parlour-client";
import { deviceName } from "./device.js";
import { registerServiceWorker } from "./shell/offline.js";
import { start } from "./start.js";

const client = await connect({ device: deviceName(navigator.userAgent) });
start(client, import.meta.env.PROD ? registerServiceWorker() : undefined);

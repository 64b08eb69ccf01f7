/** Says at the end of a run what was left out. */

import { noServer } from "./server.js";

if (noServer) console.log(`skipped: everything with a real server (${noServer})`);

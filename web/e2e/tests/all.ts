/** All tests in one process, because they share a server and a browser. */
import "./talking.test.js";
import "./outages.test.js";
import "./tabs.test.js";
import "./groups.test.js";
import "./changes.test.js";
import "./complaints.test.js";
import "./sessions.test.js";
import "./settings.test.js";
import "./history.test.js";
import "./languages.test.js";
import "./keyboard.test.js";
import "./accessibility.test.js";

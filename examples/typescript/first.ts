// Logs in, writes a message and waits until the server has it on disk. How to run it: README.md beside this file.

import { connect } from "parlour-client";
import { WebSocket } from "ws"; // Browsers, and Node.js from 22 on, have their own.

const client = await connect({ url: "http://127.0.0.1:8080", webSocket: WebSocket as never });
await client.login("cat", "correct horse");

const chat = await client.createGroup("From TypeScript", []);
const stored = new Promise<number>((resolve) => {
  client.events((event) => {
    if (event.type === "message" && event.message.chat === chat.id && "body" in event.message.content) resolve(event.message.seq);
  });
});
await chat.send("Hello from TypeScript");
console.log(`stored as number ${await stored} of the chat`);
await client.logout();

/** Fills a chat with many messages, past the page. */
import type { Account } from "./rest.js";

/** As many as a chat's queue commits at once, and as many again that wait for the next commit. */
const atOnce = 64;

/** Posts the texts, of which the last is the last in the chat; the order among the others is the server's. */
export async function fill(account: Account, chat: string, texts: readonly string[]): Promise<void> {
  const last = texts.at(-1);
  const others = texts.slice(0, -1).values();
  const write = async () => {
    for (const text of others) await account.post(chat, text);
  };
  await Promise.all(Array.from({ length: atOnce }, write));
  if (last !== undefined) await account.post(chat, last);
}

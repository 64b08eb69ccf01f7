/**
 * Finds people while one types: asks the server after a pause, and shows only the answer to the last question.
 */
import type { User } from "parlour-client";
import { useEffect, useState } from "preact/hooks";
import { useClient } from "../context.js";

/** The server searches for no less. */
export const searchCharactersMin = 2;
const pauseMs = 200;

/** The people found; `undefined` while the answer is out or nothing was asked. */
export function useUserSearch(text: string): readonly User[] | undefined {
  const client = useClient();
  const [answer, setAnswer] = useState<{ query: string; users: readonly User[] }>();
  const query = text.trim();
  useEffect(() => {
    if (query.length < searchCharactersMin) return;
    let isLast = true;
    const answered = (users: readonly User[]) => isLast && setAnswer({ query, users });
    const timer = setTimeout(() => {
      // Without a connection there is nobody to find, and the banner says why.
      client.searchUsers(query).then((found) => answered(found.users), () => answered([]));
    }, pauseMs);
    return () => {
      isLast = false;
      clearTimeout(timer);
    };
  }, [client, query]);
  return query.length >= searchCharactersMin && answer?.query === query ? answer.users : undefined;
}

/**
 * What every component may use: the client, where one is, and what one prefers.
 */
import type { Client, User } from "parlour-client";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Locale } from "./i18n/locale.js";
import type { Preferences } from "./preferences.js";
import { useReadable } from "./readable.js";
import type { Router } from "./router.js";

export interface Surroundings {
  readonly client: Client;
  readonly router: Router;
  readonly preferences: Preferences;
}

export const SurroundingsContext = createContext<Surroundings | undefined>(undefined);

export function useSurroundings(): Surroundings {
  const surroundings = useContext(SurroundingsContext);
  if (!surroundings) throw new Error("a component was drawn outside of the application");
  return surroundings;
}

export const useClient = (): Client => useSurroundings().client;
export const useRouter = (): Router => useSurroundings().router;
export const useLocale = (): Locale => useReadable(useSurroundings().preferences.locale);

/**
 * Who is signed in, as the part of the page that is drawn for them was told. Not read from the client below it: what is drawn
 * again between a sign-out and the word of it still needs somebody.
 */
export const MeContext = createContext<User | undefined>(undefined);

/** Who is signed in; used only below the part of the page that is drawn for somebody signed in. */
export function useMe(): User {
  const me = useContext(MeContext);
  if (!me) throw new Error("nobody is signed in here");
  return me;
}

/**
 * Short notes at the edge of the window, which go by themselves: “Copied.”
 */
import { type ComponentChildren, createContext } from "preact";
import { useCallback, useContext, useEffect, useState } from "preact/hooks";

const NotesContext = createContext<(text: string) => void>(() => undefined);

/** Shows a note; the function stays the same. */
export const useNotes = () => useContext(NotesContext);

const shownMs = 4000;

export function Notes({ children }: { children: ComponentChildren }) {
  const [note, setNote] = useState<{ text: string }>();
  const show = useCallback((text: string) => setNote({ text }), []);
  useEffect(() => {
    if (!note) return;
    const timer = setTimeout(() => setNote(undefined), shownMs);
    return () => clearTimeout(timer);
  }, [note]);
  return (
    <NotesContext.Provider value={show}>
      {children}
      <div class="notes" role="status">{note && <p class="note">{note.text}</p>}</div>
    </NotesContext.Provider>
  );
}

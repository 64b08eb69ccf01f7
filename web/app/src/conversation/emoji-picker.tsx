/**
 * The emoji picker, fetched when it is first opened. Everything comes from our own files.
 */
import { useEffect, useRef } from "preact/hooks";
import { useLocale, useSurroundings } from "../context.js";
import { useReadable } from "../readable.js";
import { Popover } from "../ui/popover.js";
import { useTask } from "../ui/use-task.js";

interface EmojiPickerProps {
  anchor: HTMLElement;
  onPick: (emoji: string) => void;
  onClose: () => void;
}

export function EmojiPicker({ anchor, onPick, onClose }: EmojiPickerProps) {
  const { translate, language } = useLocale();
  const theme = useReadable(useSurroundings().preferences.theme);
  const place = useRef<HTMLDivElement>(null);
  const task = useTask();
  const pick = useRef(onPick);
  pick.current = onPick;
  useEffect(() => {
    let isOpen = true;
    task.run(async () => {
      const { createPicker } = await import("./emoji-picker-loader.js");
      if (isOpen) place.current?.replaceChildren(await createPicker(language, theme, (emoji) => pick.current(emoji)));
    });
    return () => {
      isOpen = false;
    };
  }, [language, theme]);
  return (
    <Popover anchor={anchor} label={translate("emoji.title")} onClose={onClose}>
      <div ref={place} class="emoji-place" />
      {task.problem && <p class="result problem" role="alert">{translate("emoji.failed")}</p>}
    </Popover>
  );
}

/**
 * A box beside the thing it belongs to: closes with Escape and with a click elsewhere, and gives the focus back.
 */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface PopoverProps {
  /** What it opens beside, and what gets the focus back. */
  anchor: HTMLElement;
  label: string;
  role?: "menu" | "dialog";
  onClose: () => void;
  children: ComponentChildren;
}

const marginPx = 8;

export function Popover({ anchor, label, role = "dialog", onClose, children }: PopoverProps) {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return;
    box.showPopover();
    place(box, anchor);
    // What loads later changes the size.
    const resized = new ResizeObserver(() => place(box, anchor));
    resized.observe(box);
    if (!box.contains(document.activeElement)) (box.querySelector<HTMLElement>("button, a, input") ?? box).focus();
    return () => {
      const hadFocus = box.contains(document.activeElement) || document.activeElement === document.body;
      resized.disconnect();
      if (hadFocus && anchor.isConnected) anchor.focus({ preventScroll: true });
    };
  }, [anchor]);
  // `toggle` would come later, perhaps after the next key, and close what that key opened.
  const toggles = (event: Event) => (event as ToggleEvent).newState === "closed" && onClose();
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles it can have take a label.
    <div ref={element} class="popover" popover="auto" role={role} aria-label={label} tabIndex={-1} onBeforeToggle={toggles}>
      {children}
    </div>
  );
}

/** Below the anchor if there is room, else above; never outside of the window. */
function place(box: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const below = at.bottom + marginPx;
  const top = below + height <= innerHeight - marginPx ? below : at.top - marginPx - height;
  const startsLeft = (getComputedStyle(anchor).direction === "rtl") === at.left > innerWidth / 2;
  const left = startsLeft ? at.left : at.right - width;
  box.style.top = `${clamp(top, innerHeight - height)}px`;
  box.style.left = `${clamp(left, innerWidth - width)}px`;
}

const clamp = (value: number, most: number) => Math.max(marginPx, Math.min(value, most - marginPx));

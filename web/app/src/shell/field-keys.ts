/**
 * Keys that belong to whoever types, and not to the shortcuts of the page.
 */

type Press = Pick<KeyboardEvent, "isComposing" | "keyCode" | "altKey" | "code">;

/**
 * Whether letters are being composed from several keys: Enter and Escape then choose among them.
 * Safari tells of the key that ends a composition after its end, and only by this number.
 */
export function isComposing(event: Pick<Press, "isComposing" | "keyCode">): boolean {
  return event.isComposing || event.keyCode === 229;
}

export type FieldKind = "none" | "text" | "choice";

/** Whether a key pressed with Alt does something in the field that has the focus: on a Mac it writes another letter. */
export function belongsToField({ code }: Pick<Press, "code">, field: FieldKind, onMac: boolean): boolean {
  if (field === "choice") return code === "ArrowDown" || code === "ArrowUp";
  return field === "text" && onMac && (code.startsWith("Key") || code === "Comma");
}

/** What kind of field an event came from. */
export function fieldOf(target: EventTarget | null): FieldKind {
  if (!(target instanceof HTMLElement)) return "none";
  if (target.closest("select")) return "choice";
  return target.closest("input, textarea, [contenteditable]") ? "text" : "none";
}

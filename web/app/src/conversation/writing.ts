/**
 * Whether the text in the field is to stay, though the chat has another draft.
 */

export interface OwnText {
  area: unknown;
  page: Pick<Document, "activeElement" | "hasFocus">;
  /** Whether the field holds a message that is being edited, and no draft. */
  isEditing: boolean;
  /** Whether something typed has not been saved. */
  isDirty: boolean;
  /** What happened: the draft changed, or one came back to this window. */
  news: "draft" | "return";
}

/** Who writes here keeps the text. A page in the background has an active element, too: only the one with the focus is written in. */
export function keepsOwnText({ area, page, isEditing, isDirty, news }: OwnText): boolean {
  if (isEditing || isDirty) return true;
  return news === "draft" && page.activeElement === area && page.hasFocus();
}

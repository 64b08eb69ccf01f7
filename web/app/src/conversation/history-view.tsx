/**
 * The scrolled part of a conversation.
 *
 * - Whatever is added or taken away above and below, what one looks at stays where it is.
 * - Who is at the end stays at the end; who scrolls up is left there.
 * - Only what the timeline holds, some hundreds of rows, is ever in the document; nearing an edge asks for more.
 */
import { Component, type ComponentChildren, createRef } from "preact";
import { type Anchor, findRow, restoreAnchor, type Seen, seenIn, takeAnchors } from "./anchor.js";

/** A row to be brought into view; a new object asks again. */
export interface Target {
  /** Matched against the rows' `data-seq`, or their `data-row`. */
  seq?: number;
  row?: string;
  /** Whether it gets the focus and is pointed out. */
  emphasised: boolean;
}

interface HistoryViewProps {
  /** Where the view puts itself while it is on the page. */
  handle: { current: HistoryView | null };
  label: string;
  children: ComponentChildren;
  /** Whether the newest message is among the rows. */
  atEnd: boolean;
  isEmpty: boolean;
  target: Target | undefined;
  onNearStart: () => void;
  onNearEnd: () => void;
  /** What is in view, and whether the end is. */
  onSeen: (seen: Seen, isAtBottom: boolean) => void;
  onKeyDown: (event: KeyboardEvent) => void;
  onContextMenu: (event: MouseEvent) => void;
  onFocusIn: (event: FocusEvent) => void;
}

/** Within so much of an edge, measured in heights of the view, more is asked for. */
const nearHeights = 1.5;
const bottomPx = 4;

export class HistoryView extends Component<HistoryViewProps> {
  readonly #view = createRef<HTMLDivElement>();
  readonly #content = createRef<HTMLDivElement>();
  #pinned = true;
  #placed = false;
  #reached: Target | undefined;
  #lastTop = 0;
  #anchors: readonly Anchor[] = [];
  /** Where the view was scrolled to when those were taken. */
  #anchoredTop = 0;
  #frame = 0;
  #resized: ResizeObserver | undefined;

  override componentDidMount(): void {
    const view = this.#view.current;
    const content = this.#content.current;
    if (!view || !content) return;
    this.props.handle.current = this;
    this.#resized = new ResizeObserver(() => this.#resettle(view));
    this.#resized.observe(view);
    this.#resized.observe(content);
    addEventListener("focus", this.#look);
    document.addEventListener("visibilitychange", this.#look);
    this.#settle();
  }

  override componentWillUnmount(): void {
    this.props.handle.current = null;
    this.#resized?.disconnect();
    cancelAnimationFrame(this.#frame);
    removeEventListener("focus", this.#look);
    document.removeEventListener("visibilitychange", this.#look);
  }

  override getSnapshotBeforeUpdate(before: HistoryViewProps): Anchor[] {
    const view = this.#view.current;
    if (!view) return [];
    // Somebody may have scrolled since the last frame, and the event about it be still to come. The rows are those from before.
    this.#noticeScroll(view, before.atEnd);
    return this.#isPinnedToEnd() ? [] : takeAnchors(view);
  }

  override componentDidUpdate(_props: unknown, _state: unknown, anchors: Anchor[]): void {
    const view = this.#view.current;
    if (view && !this.#isPinnedToEnd()) restoreAnchor(view, anchors);
    this.#settle();
  }

  /** Goes to the end and stays there. */
  scrollToEnd(): void {
    this.#pinned = true;
    this.#placed = true;
    this.#settle();
  }

  get element(): HTMLDivElement | null {
    return this.#view.current;
  }

  override render(props: HistoryViewProps) {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard.
      <div ref={this.#view} class="history" role="log" aria-live="off" aria-label={props.label} tabIndex={0} onScroll={this.#scrolled}
        onKeyDown={props.onKeyDown} onContextMenu={props.onContextMenu} onFocusIn={props.onFocusIn}>
        <div ref={this.#content} class="history-content">{props.children}</div>
      </div>
    );
  }

  #isPinnedToEnd(): boolean {
    return this.#pinned && this.props.atEnd;
  }

  /** Brings the view to where it belongs after something changed. */
  #settle(): void {
    const view = this.#view.current;
    if (!view || this.props.isEmpty) return;
    if (!this.#reachTarget(view)) {
      if (!this.#placed && this.props.atEnd) this.#placed = true;
      if (this.#isPinnedToEnd()) view.scrollTop = view.scrollHeight;
    }
    this.#remember(view);
    this.#look();
  }

  #remember(view: HTMLElement): void {
    this.#lastTop = view.scrollTop;
    this.#anchoredTop = view.scrollTop;
    this.#anchors = this.#isPinnedToEnd() ? [] : takeAnchors(view);
  }

  /** Scrolls to the target if it has not been reached and is there now. */
  #reachTarget(view: HTMLElement): boolean {
    const { target } = this.props;
    if (!target || target === this.#reached) return false;
    const row = target.row === undefined ? view.querySelector<HTMLElement>(`[data-seq="${target.seq}"]`) : findRow(view, target.row);
    if (!row) return false;
    this.#reached = target;
    this.#placed = true;
    this.#pinned = false;
    const offset = row.getBoundingClientRect().top - view.getBoundingClientRect().top;
    view.scrollTop += offset - view.clientHeight / 3;
    if (target.emphasised) pointOut(row);
    return true;
  }

  readonly #scrolled = (): void => {
    const view = this.#view.current;
    if (!view) return;
    this.#noticeScroll(view);
    this.#look();
  };

  /** Who reaches the end stays there; who goes up does not. */
  #noticeScroll(view: HTMLElement, atEnd: boolean = this.props.atEnd): void {
    if (atEnd && isScrolledDown(view)) this.#pinned = true;
    else if (view.scrollTop < this.#lastTop - 1) this.#pinned = false;
    this.#lastTop = view.scrollTop;
  }

  /** Rows changed their height by themselves, or the view did: what was in view at the last look stays where it was. */
  #resettle(view: HTMLElement): void {
    // Unless somebody has scrolled since: then the remembered places are not those one looks at.
    if (!this.#isPinnedToEnd() && view.scrollTop === this.#anchoredTop) restoreAnchor(view, this.#anchors);
    this.#settle();
  }

  #isAtBottom(view: HTMLElement): boolean {
    return this.props.atEnd && isScrolledDown(view);
  }

  /** Once a frame: says what is in view, and asks for more near the edges. */
  readonly #look = (): void => {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      const view = this.#view.current;
      if (!view || this.props.isEmpty) return;
      this.#noticeScroll(view);
      this.#remember(view);
      this.props.onSeen(seenIn(view), this.#isAtBottom(view));
      const near = view.clientHeight * nearHeights;
      if (view.scrollTop < near) this.props.onNearStart();
      if (view.scrollHeight - view.scrollTop - view.clientHeight < near) this.props.onNearEnd();
    });
  };
}

const isScrolledDown = (view: HTMLElement) => view.scrollHeight - view.scrollTop - view.clientHeight <= bottomPx;

function pointOut(row: HTMLElement): void {
  row.focus({ preventScroll: true });
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  row.animate([{ backgroundColor: "var(--accent-soft)" }, { backgroundColor: "transparent" }], { duration: 1600, easing: "ease-out" });
}

/** The user's own typing in one chat: told every few seconds while keys are hit, and taken back when they are not. */

/** Between two frames, in milliseconds: the server forgets typing after five seconds. */
const REPEAT_AFTER = 3_000;
/** Without a key for this long, the user has stopped. */
const ENDS_AFTER = 5_000;

/** What the user does at the keyboard. */
export class Typist {
  private toldAt: number | undefined;
  private end: ReturnType<typeof setTimeout> | undefined;

  /** `now`: milliseconds that only rise. */
  constructor(private readonly tell: (on: boolean) => void, private readonly now: () => number) {}

  /** A key was hit, or the line is empty again. */
  set(on: boolean): void {
    clearTimeout(this.end);
    if (!on) return this.stop();
    this.end = setTimeout(() => this.stop(), ENDS_AFTER);
    const now = this.now();
    if (this.toldAt !== undefined && now - this.toldAt < REPEAT_AFTER) return;
    this.toldAt = now;
    this.tell(true);
  }

  private stop(): void {
    clearTimeout(this.end);
    if (this.toldAt === undefined) return;
    this.toldAt = undefined;
    this.tell(false);
  }
}

/**
 * Runs one thing at a time, and says how it went.
 */
import type { Problem } from "parlour-client";
import { problemOf } from "../i18n/problems.js";

export interface TaskState {
  busy: boolean;
  problem?: Problem;
  /** Whether the last run went well. */
  done: boolean;
}

type Work = () => Promise<void>;

export class TaskRunner {
  #busy = false;
  #wanted: Work | undefined;

  constructor(private readonly tell: (state: TaskState) => void) {}

  /** For what must not happen twice: does nothing while something is under way. */
  run(work: Work): void {
    if (!this.#busy) this.#start(work);
  }

  /** For what replaces an earlier wish: runs after what is under way, unless something newer is wanted by then. */
  runLast(work: Work): void {
    if (this.#busy) this.#wanted = work;
    else this.#start(work);
  }

  #start(work: Work): void {
    this.#busy = true;
    this.tell({ busy: true, done: false });
    work().then(
      () => this.#settle({ busy: false, done: true }),
      (error: unknown) => this.#settle({ busy: false, problem: problemOf(error), done: false }),
    );
  }

  #settle(state: TaskState): void {
    const next = this.#wanted;
    this.#wanted = undefined;
    this.#busy = false;
    if (next) this.#start(next);
    else this.tell(state);
  }
}

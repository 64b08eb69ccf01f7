/**
 * Something that is asked of the server by pressing a button: whether it is under way, and what went wrong.
 */
import type { Problem } from "parlour-client";
import { useEffect, useRef, useState } from "preact/hooks";
import { problemOf } from "../i18n/problems.js";

export interface Task {
  busy: boolean;
  problem: Problem | undefined;
  /** Whether the last run went well. */
  done: boolean;
  run(work: () => Promise<void>): void;
}

/** Runs one thing at a time; a second press while one is under way does nothing. */
export function useTask(): Task {
  const [state, setState] = useState<{ busy: boolean; problem?: Problem; done: boolean }>({ busy: false, done: false });
  const gone = useRef(false);
  useEffect(() => () => {
    gone.current = true;
  }, []);
  const settle = (next: { problem?: Problem; done: boolean }) => !gone.current && setState({ busy: false, ...next });
  return {
    busy: state.busy,
    problem: state.problem,
    done: state.done,
    run(work) {
      if (state.busy) return;
      setState({ busy: true, done: false });
      work().then(
        () => settle({ done: true }),
        (error: unknown) => settle({ problem: problemOf(error), done: false }),
      );
    },
  };
}

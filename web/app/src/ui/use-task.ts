/**
 * Something that is asked of the server by pressing a button: whether it is under way, and what went wrong.
 */
import type { Problem } from "parlour-client";
import { useEffect, useRef, useState } from "preact/hooks";
import { TaskRunner, type TaskState } from "./task-runner.js";

export interface Task {
  busy: boolean;
  problem: Problem | undefined;
  /** Whether the last run went well. */
  done: boolean;
  /** A second press while one is under way does nothing. */
  run(work: () => Promise<void>): void;
  /** Of several choices while one is under way the last one is run after it. */
  runLast(work: () => Promise<void>): void;
}

export function useTask(): Task {
  const [state, setState] = useState<TaskState>({ busy: false, done: false });
  const gone = useRef(false);
  const runner = useRef<TaskRunner | undefined>(undefined);
  runner.current ??= new TaskRunner((next) => !gone.current && setState(next));
  const { current } = runner;
  useEffect(() => () => {
    gone.current = true;
  }, []);
  return {
    busy: state.busy,
    problem: state.problem,
    done: state.done,
    run: (work) => current.run(work),
    runLast: (work) => current.runLast(work),
  };
}

/** What is wanted while something is under way: once only, or the last wish afterwards. */
import { expect, test } from "vitest";
import { TaskRunner, type TaskState } from "../src/ui/task-runner.js";

/** A runner whose works end when told. */
function heldRunner() {
  const told: TaskState[] = [];
  const begun: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
  };
  const end = async (error?: Error) => {
    ends.shift()?.(error);
    // The runner hears of it before this goes on.
    await Promise.resolve();
    await Promise.resolve();
  };
  return { runner: new TaskRunner((state) => told.push(state)), told, begun, work, end };
}

test("a second press does nothing", async () => {
  const { runner, begun, work, end, told } = heldRunner();
  runner.run(work("first"));
  runner.run(work("second"));
  await end();
  expect([begun, told.at(-1)]).toEqual([["first"], { busy: false, done: true }]);
  runner.run(work("third"));
  expect(begun).toEqual(["first", "third"]);
});

test("of several choices the last one is run afterwards", async () => {
  const { runner, begun, work, end, told } = heldRunner();
  for (const name of ["away", "busy", "online"]) runner.runLast(work(name));
  expect(begun).toEqual(["away"]);
  await end();
  expect([begun, told.at(-1)?.busy]).toEqual([["away", "online"], true]);
  await end();
  expect([begun.length, told.at(-1)]).toEqual([2, { busy: false, done: true }]);
});

test("a choice is run though the one before it failed, whose problem is out of date", async () => {
  const { runner, begun, work, end, told } = heldRunner();
  runner.runLast(work("away"));
  runner.runLast(work("busy"));
  await end(new Error("no"));
  await end();
  expect([begun, told.some((state) => state.problem)]).toEqual([["away", "busy"], false]);
});

test("what failed says why", async () => {
  const { runner, work, end, told } = heldRunner();
  runner.run(work("only"));
  await end(new Error("no"));
  expect(told.at(-1)).toMatchObject({ busy: false, done: false, problem: { message: "no" } });
});

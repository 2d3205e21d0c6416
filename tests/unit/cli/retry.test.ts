/** Rung: unit. Waiting for an answer: when it ends, and with what. */
import { answered, holds } from "../../../cli/machine/retry";

/** Answers from a list, the last one again and again; how often it was asked. */
function from<T>(...answers: (T | undefined)[]): { ask: () => Promise<T | undefined>; asked: () => number } {
  let count = 0;
  return { ask: () => Promise.resolve(answers[Math.min(count++, answers.length - 1)]), asked: () => count };
}

it("asks until there is an answer", async () => {
  const { ask, asked } = from(undefined, undefined, 0);
  expect(await answered(ask, { every: 1 })).toBe(0);
  expect(asked()).toBe(3);
});

it("asks once where there is no time", async () => {
  const { ask, asked } = from(undefined, "late");
  expect(await answered(ask, { within: 0, every: 1 })).toBeUndefined();
  expect(asked()).toBe(1);
});

it("gives up when the time is over, and waits no longer than that", async () => {
  const start = performance.now();
  expect(await holds(() => Promise.resolve(false), { within: 60, every: 10_000 })).toBe(false);
  expect(performance.now() - start).toBeLessThan(5000);
});

it("is ended by an error at once, also by one of a program's", async () => {
  let asked = 0;
  const fails = () => {
    asked += 1;
    return Promise.reject(new TypeError("a fault of ours"));
  };
  await expect(answered(fails, { every: 1 })).rejects.toThrow("a fault of ours");
  expect(asked).toBe(1);
});

it("is ended by a signal, with its reason", async () => {
  const signal = AbortSignal.timeout(20);
  await expect(answered(() => Promise.resolve(undefined), { every: 10_000, signal })).rejects.toThrow("timeout");
});

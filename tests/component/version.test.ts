/** Rung: component. Another version of this project changes an output and a label of the namespace, and nothing that runs. */
import { version } from "../../configs/version";
import { runProgram, type Run } from "./support/program";

const other = "9.9.9-rc.1";
const namespace = "tracing-kubernetes-namespace";

const runOf = async (stack: string, as: string): Promise<Run> => {
  jest.doMock("../../configs/version", () => ({ version: as }));
  return runProgram(stack);
};

test.each([
  ["dev", []],
  ["staging", [namespace]],
  ["prod", [namespace]],
])("%s", async (stack, changing) => {
  const [before, after] = [await runOf(stack, version), await runOf(stack, other)];
  const inputs = (run: Run) => run.resources.map(({ urn, inputs: own }) => `${urn} ${JSON.stringify(own)}`);
  const kept = new Set(inputs(before));
  expect(inputs(after)).toHaveLength(kept.size);
  expect(after.resources.filter((_, i) => !kept.has(inputs(after)[i]!)).map(({ name }) => name)).toEqual(changing);
  for (const name of changing) {
    expect(after.get(name).inputs).toMatchObject({ metadata: { labels: { "app.kubernetes.io/version": other } } });
  }
  expect([before, after].map((run) => run.get("tracing").outputs?.version)).toEqual([version, other]);
});

/** Rung: component. Config that cannot be carried out stops the program, with everything that is wrong, before anything is made. */
import type { Recorded } from "../../render/record";
import { runProgram } from "./support/program";

/** The program's error message, and what it had registered by then. */
async function failure(stack: string, config: Record<string, unknown> = {}) {
  const recorded: Recorded[] = [];
  const message = await runProgram(stack, config, { recorded }).then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
  return { message, recorded };
}

test("every problem of the config is told in one error, and no resource is registered", async () => {
  const { message, recorded } = await failure("dev", {
    retention: "7days",
    sampling: { default: 120, opertions: [] },
    publish: { ports: { prometheus: 0 } },
  });
  expect(message).toBe(
    [
      '4 errors in the config of stack "dev":',
      '  - tracing:retention: found "7days"; allowed: days from 1d to 365d, such as 7d',
      "  - tracing:publish.ports.prometheus: found 0; allowed: a port from 1 to 65535",
      "  - tracing:sampling.default: found 120; allowed: a percentage from 0 to 100 with at most two decimals",
      "  - tracing:sampling.opertions: no such setting; did you mean operations?; allowed here: default, errors, slow, operations, services, decide, cap, expected",
    ].join("\n"),
  );
  expect(recorded).toEqual([]);
});

test("several instances on Docker are refused before any resource is registered", async () => {
  const { message, recorded } = await failure("dev", { sampler: { replicas: 2 }, elasticsearch: { nodes: 3 } });
  expect(message).toBe(
    [
      '2 errors in the config of stack "dev":',
      "  - tracing:elasticsearch.nodes: found 3; allowed: 1 on docker",
      "  - tracing:sampler.replicas: found 2; allowed: 0 on docker",
    ].join("\n"),
  );
  expect(recorded).toEqual([]);
});

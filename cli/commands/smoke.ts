/** `make smoke`: sends a trace and finds it again. */
import { withRunningStack } from "../running";
import { smokeTest } from "../smoke/smoke";
import { main, note, step } from "../terminal/output";

main(() =>
  withRunningStack(async (stack) => {
    step("Smoke test");
    note(await smokeTest(stack));
  }),
);

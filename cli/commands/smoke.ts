/** `make smoke`: sends a trace and finds it again. */
import { withRunningStack } from "../running";
import { smokeTest } from "../smoke/smoke";
import { command } from "../terminal/command";
import { note, step } from "../terminal/output";

export default command("Send a trace and find it again").action(() =>
  withRunningStack(async (stack) => {
    step("Smoke test");
    note(await smokeTest(stack));
  }),
);

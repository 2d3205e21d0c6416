/** `make status`: one screen on a stack, also where it is partly down. Ends with 0 if the stack is healthy, else with 1. */
import { withRunningStack } from "../running";
import { statusScreen } from "../status/screen";
import { command } from "../terminal/command";

export default command("Show problems and next steps, alerts, services, spans and storage").action(() =>
  withRunningStack(async (stack) => {
    const { text, healthy } = await statusScreen(stack);
    console.log(text);
    if (!healthy) process.exitCode = 1;
  }),
);

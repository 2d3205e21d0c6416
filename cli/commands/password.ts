/** `make password`: prints Elasticsearch's password, and nothing else. */
import { withRunningStack } from "../running";
import { command } from "../terminal/command";

export default command("Print Elasticsearch's password").action(async () => {
  console.log(await withRunningStack((stack) => stack.password()));
});

/** `make password`: prints Elasticsearch's password, and nothing else. */
import { withRunningStack } from "../running";
import { main } from "../terminal/output";

main(async () => {
  console.log(await withRunningStack((stack) => stack.password()));
});

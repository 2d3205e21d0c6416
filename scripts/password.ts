/** `make password`: prints Elasticsearch's password, and nothing else. */
import { readPassword } from "./lib/password";
import { main } from "./lib/say";

main(async () => {
  console.log(await readPassword());
});

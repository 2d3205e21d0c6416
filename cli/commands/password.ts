/** `make password`: prints Elasticsearch's password, and nothing else. */
import { readPassword } from "../stack/password";
import { main } from "../terminal/output";

main(async () => {
  console.log(await readPassword());
});

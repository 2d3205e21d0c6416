/** `make open`: prints where the stack is. */
import { addresses, applicationEnvironment } from "./lib/addresses";
import { main } from "./lib/say";
import { loadSettings } from "./lib/stack";

main(() => {
  const settings = loadSettings();
  console.log(`${addresses(settings)}\n\n${applicationEnvironment(settings)}`);
});

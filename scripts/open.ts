/** `make open`: prints where the stack is. */
import { addresses, environmentLines } from "./lib/addresses";
import { main } from "./lib/say";
import { loadSettings } from "./lib/stack";

main(() => {
  const settings = loadSettings();
  console.log(`${addresses(settings)}\n\n${environmentLines(settings)}`);
});

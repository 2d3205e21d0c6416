/** `make open`: prints where the stack is. */
import { addresses, environmentLines } from "../stack/addresses";
import { main } from "../terminal/output";
import { loadSettings } from "../stack/stack";

main(() => {
  const settings = loadSettings();
  console.log(`${addresses(settings)}\n\n${environmentLines(settings)}`);
});

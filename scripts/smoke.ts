/** `make smoke`: sends a trace and finds it again. */
import { main, note, step } from "./lib/say";
import { smokeTest } from "./lib/smoke";
import { loadSettings } from "./lib/stack";

main(async () => {
  const settings = loadSettings();
  step("Smoke test");
  note(await smokeTest(settings));
});

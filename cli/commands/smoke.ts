/** `make smoke`: sends a trace and finds it again. */
import { main, note, step } from "../terminal/output";
import { smokeTest } from "../smoke/smoke";
import { loadSettings } from "../stack/stack";

main(async () => {
  const settings = loadSettings();
  step("Smoke test");
  note(await smokeTest(settings));
});

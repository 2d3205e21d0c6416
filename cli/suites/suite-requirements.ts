/** Requirements of the chosen test suites. */
import { ensureEngine } from "../engine/engine";
import { ensure } from "../machine/ensure";
import { thisMachine } from "../machine/machine";
import { missingFor, useOfSuites } from "../machine/requirements";
import { UserError } from "../terminal/output";

/** Installs what the suites need where that is possible, and starts an engine if one of them uses it; otherwise throws with all that is missing. */
export async function ensureForSuites(suites: readonly string[]): Promise<void> {
  const machine = thisMachine();
  const useOf = (names: readonly string[]) => useOfSuites(names, process.env.KUBECONFIG, machine);
  const use = useOf(suites);
  await ensure(use).catch((error: unknown) => {
    const possible = suites.filter((suite) => missingFor(useOf([suite]), machine).length === 0);
    if (!(error instanceof UserError) || possible.length === 0) throw error;
    throw new UserError(`${error.message}\nSuites that need none of it: make test RUNG="${possible.join(" ")}"`);
  });
  if (use.purposes.includes("engine")) await ensureEngine();
}

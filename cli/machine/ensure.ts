/** Makes a machine have what a command needs, before anything long begins. */
import { installPackages, updateLists } from "./apt";
import { thisMachine, type Machine } from "./machine";
import { debianPackages, describe, missingFor, notFromDebian, report, type Missing, type Use } from "./requirements";
import type { Purpose } from "./requirements-list";
import { note, UserError } from "../terminal/output";

/** Requirements of a command. */
export interface Need extends Use {
  /** Purposes that may turn out to be needed: installed where that is possible, not insisted on. */
  readonly wished?: readonly Purpose[];
}

/**
 * As root on Debian or Ubuntu, installs what is missing, in one go. Elsewhere, and if something does not come as a package, throws with all that is
 * missing.
 */
export async function ensure(need: Need): Promise<void> {
  const machine = thisMachine();
  const missing = missingFor(need, machine);
  if (!canInstall(machine) || notFromDebian(missing, machine).length > 0) {
    refuse(missing, machine);
    return;
  }
  const wished = missingFor({ ...need, purposes: [...need.purposes, ...(need.wished ?? [])] }, machine);
  const unpackaged = notFromDebian(wished, machine);
  await install(
    wished.filter((one) => !unpackaged.includes(one)),
    need.purposes.includes("images"),
  );
  refuse(missingFor(need, machine), machine);
}

const canInstall = (machine: Machine): boolean => machine.root && machine.system.packages === "apt" && machine.hasProgram("apt-get");

function refuse(missing: readonly Missing[], machine: Machine): void {
  if (missing.length > 0) throw new UserError(report(missing, machine));
}

/** Installs packages. Images are made from packages too, so for them the lists must be up to date even if nothing is missing. */
async function install(missing: readonly Missing[], images: boolean): Promise<void> {
  if (missing.length === 0 && !images) return;
  if (missing.length > 0) note(`missing on this machine:\n${missing.map((one) => `  ${describe(one)}`).join("\n")}`);
  await updateLists();
  const packages = debianPackages(missing, thisMachine());
  if (packages.length > 0) await installPackages(packages);
}

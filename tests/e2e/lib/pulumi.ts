/** The real Pulumi CLI. */
import { execFileSync } from "node:child_process";

/** True if the CLI is on PATH. Tests that need it are skipped without it, and the runner counts them. */
export const hasPulumi = ((): boolean => {
  try {
    execFileSync("pulumi", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

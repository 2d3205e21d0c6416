/** The stack that test files share, and what removes test stacks from an engine. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { stackLabels } from "../../../configs/topology/ports";
import { cliOnPath } from "../../../cli/pulumi/pulumi-cli";
import { removeByLabel } from "../../../cli/engine/remove";
import { run, sleep } from "../../../cli/machine/run";
import { note } from "../../../cli/terminal/output";
import { Checkout, scratch } from "./checkout";
import { sharing, testStackPrefix } from "./test-stacks";

/** Names of the test stacks of which the engine has anything. */
export async function foundTestStacks(): Promise<string[]> {
  const list = async (...args: string[]) => {
    const format = ["--filter", `label=${stackLabels.stack}`, "--format", `{{.Label "${stackLabels.stack}"}}`];
    return (await run("docker", [...args, ...format])).stdout.split("\n");
  };
  const all = [...(await list("ps", "--all")), ...(await list("volume", "ls")), ...(await list("network", "ls"))];
  return [...new Set(all)].filter((name) => name === testStackPrefix || name.startsWith(`${testStackPrefix}-`)).sort();
}

/** Removes all test stacks; a second look removes what an interrupted command has created meanwhile. */
export async function removeTestStacks(): Promise<void> {
  for (let stacks = await foundTestStacks(); stacks.length > 0; stacks = await foundTestStacks()) {
    note(`removing the test stacks ${stacks.join(", ")}`);
    // What vanishes meanwhile is no error: the next look tells.
    for (const stack of stacks) await removeByLabel(stack).catch(() => undefined);
    await sleep(3000);
  }
}

/** Removes test stacks when this process ends, however it ends but by SIGKILL; the next run removes what that leaves. */
export function removeTestStacksAtExit(): void {
  process.once("exit", () => {
    const program = join(__dirname, "remove-test-stacks.ts");
    spawnSync(process.execPath, ["--import", "tsx", program], { stdio: "inherit", timeout: 120_000 });
  });
}

/** One stack for all suites that take a stack as they find it: brought up before the first of them, destroyed after the last. */
export class SharedStack {
  private checkout: Checkout | undefined;

  /** Brings the stack up, if it is not; suites find it by their environment. */
  async up(): Promise<Checkout> {
    if (this.checkout) return this.checkout;
    Object.assign(process.env, sharing(join(scratch, "home")));
    const checkout = Checkout.copy();
    const way = (await cliOnPath()) ? "pulumi" : "compose";
    note(`bringing up the stack ${checkout.stack} by ${way}, beside any other stack of this engine`);
    await checkout.makes("up", `WAY=${way}`);
    return (this.checkout = checkout);
  }

  /** Destroys the stack by the command that users have for it; true if nothing is left. */
  async destroy(): Promise<boolean> {
    if (!this.checkout) return true;
    const { ok, output } = await this.checkout.make("destroy", "YES=1");
    if (!ok) console.error(output);
    this.checkout = undefined;
    rmSync(scratch, { recursive: true, force: true });
    return ok && (await foundTestStacks()).length === 0;
  }
}

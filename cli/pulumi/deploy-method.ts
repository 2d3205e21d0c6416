/** Which of the two ways a stack goes. */
import type { Settings } from "../../configs/stack/schema";
import { composeUp, type Overrides } from "../engine/compose";
import { madeBy, type StackResources } from "../engine/docker";
import { options } from "../terminal/options";
import { pulumiEnvironment, PulumiStack } from "./pulumi";
import { ensureCli, pathOf, versionOf } from "./pulumi-cli";
import { note, UserError } from "../terminal/output";

/** A way that is open. */
export type Chosen = { readonly way: "pulumi"; readonly pulumi: PulumiStack } | { readonly way: "compose" };

/** The requested method, else the one that created the stack, else Pulumi if available. Never switches: that would separate data from secrets. */
export async function chooseDeployMethod({ stack }: Settings, own: StackResources): Promise<Chosen> {
  const before = madeBy(own);
  const wanted = options.way ?? before;
  if (before && wanted !== before) {
    throw new UserError(
      `stack ${stack} was made by ${before}, and WAY=${wanted ?? ""} would orphan its data.\n` +
        `Continue with the same method: make up WAY=${before}\nOr delete the stack with all its data first: make destroy`,
    );
  }
  if (wanted === "compose") {
    note(before ? "compose, which made this stack" : "compose, as requested (WAY=compose)");
    return { way: "compose" };
  }
  const cli = await ensureCli();
  if (!("why" in cli)) {
    note(`Pulumi CLI ${versionOf(cli)} (${pathOf(cli)})`);
    const pulumi = new PulumiStack(cli, stack);
    if (before && !(await pulumi.exists())) throw new UserError(stateLost(stack));
    return { way: "pulumi", pulumi };
  }
  if (wanted === "pulumi") {
    throw new UserError(
      `${cli.why}.\n${before ? "It made this stack, and only it can change it" : "WAY=pulumi requires it"}: https://www.pulumi.com/docs/install/`,
    );
  }
  note(`${cli.why};\nso the stack is started from the rendered Compose file, which the same program generates`);
  return { way: "compose" };
}

const stateLost = (stack: string) =>
  `stack ${stack} was made by Pulumi, but ${pulumiEnvironment().PULUMI_BACKEND_URL ?? ""} does not have it.\n` +
  "If its state is elsewhere, set TRACING_HOME=… or PULUMI_BACKEND_URL=…\n" +
  "If it is lost, delete the stack with all its data: make destroy";

/** Brings a stack up. */
export function deploy(stack: string, chosen: Chosen, overrides: Overrides): Promise<void> {
  return chosen.way === "pulumi" ? chosen.pulumi.up(overrides) : composeUp(stack, overrides);
}

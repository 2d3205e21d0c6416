/** The stack that `make preview` compares with. */
import { rmSync } from "node:fs";
import type { PulumiCommand } from "@pulumi/pulumi/automation";
import type { Settings } from "../../configs/stack/schema";
import { note } from "../terminal/output";
import { everyBackend, passphrase, PulumiStack } from "./pulumi";
import { stateFolder } from "./state";

/**
 * A stack on Docker is in the backend of `make up`. One on Kubernetes is deployed by `pulumi up`, so it is in the backend that the CLI is logged in to, or
 * that PULUMI_BACKEND_URL names. If it is not there, it is previewed as a new stack in an empty backend: nothing is created in the user's.
 */
export async function stackToPreview(cli: PulumiCommand, { stack, platform }: Pick<Settings, "stack" | "platform">): Promise<PulumiStack> {
  if (platform === "docker") return new PulumiStack(cli, stack);
  const folder = emptyFolder(stack, "pulumi-preview");
  const deployed = new PulumiStack(cli, stack, { folder, environment: everyBackend, creates: false });
  const address = await deployed.address();
  if (address !== undefined && (await deployed.exists())) {
    note(`compared with the stack in ${address}`);
    return deployed;
  }
  note(
    address === undefined
      ? "a new stack: the Pulumi CLI is not logged in to a backend (pulumi login), and PULUMI_BACKEND_URL is not set"
      : `a new stack: ${address} does not have it`,
  );
  const backend = `file://${emptyFolder(stack, "empty-backend")}`;
  return new PulumiStack(cli, stack, {
    folder,
    environment: { ...everyBackend, ...passphrase(), PULUMI_BACKEND_URL: backend },
    creates: true,
  });
}

function emptyFolder(...parts: string[]): string {
  rmSync(stateFolder(...parts), { recursive: true, force: true });
  return stateFolder(...parts);
}

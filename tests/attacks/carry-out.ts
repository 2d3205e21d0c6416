/** Carries attacks out on the stack, one after the other, beside a neighbour. */
import { pending, listStackResources, serviceContainers } from "../../cli/engine/docker";
import { waitHealthy } from "../../cli/engine/health";
import { sleep } from "../../cli/machine/run";
import { watchMemory } from "./memory";
import { Neighbour } from "./neighbour";
import type { Outcome } from "./outcome";
import type { Row } from "./row";
import { restartedSince, startsOf, type AttackedStack } from "./stack";

/** Time for the neighbour alone before an attack, and after it, ms. */
const calm = 4000;

/** An outcome whose verdict about the neighbour's spans is still to come. */
export interface Attacked {
  readonly outcome: Omit<Outcome, "found">;
  readonly judge: () => Promise<Outcome>;
}

/** Carries an attack out. Whatever goes wrong is part of the outcome. */
export async function carryOut(stack: AttackedStack, row: Row): Promise<Attacked> {
  const name = stack.checkout.stack;
  await waitHealthy(name);
  await stack.find();
  const containers = serviceContainers((await listStackResources(name)).containers);
  const targets = containers.filter(([service]) => row.targets.includes(service));
  const before = await startsOf(name);
  const neighbour = await Neighbour.start(stack, row.id);
  await sleep(calm);
  const memory = watchMemory(targets);
  const began = Date.now();
  let problem: string | undefined;
  const seen = await row.attack(stack).catch((error: unknown) => {
    problem = error instanceof Error ? error.message : String(error);
    return {};
  });
  const during = [began, Date.now()] as const;
  const peak = await memory.end();
  await sleep(calm);
  const unhealthy = await waitHealthy(name).then(
    () => "",
    () => pending(name),
  );
  const restarted = restartedSince(before, await startsOf(name));
  const exports = await neighbour.end();
  const outcome: Omit<Outcome, "found"> = {
    row,
    seen,
    during,
    memory: targets.map(([service, { HostConfig }]) => ({ service, peak: peak.get(service) ?? 0, limit: HostConfig.Memory })),
    restarted,
    unhealthy,
    exports,
    problem,
  };
  const judge = async (): Promise<Outcome> => {
    const found = await neighbour.judge().catch(() => undefined);
    return { ...outcome, found };
  };
  return { outcome, judge };
}

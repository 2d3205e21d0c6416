/** The chosen stack, as it runs. */
import type { Settings } from "../../configs/stack/schema";
import { anySettings } from "../stack/stack";
import { DockerStack } from "./docker-stack";
import { KubernetesStack } from "./kubernetes/kubernetes-stack";
import type { RunningStack } from "./running-stack";

export type { RunningStack } from "./running-stack";

/** A stack by its settings. */
export const runningStack = (settings: Settings = anySettings()): RunningStack =>
  settings.platform === "kubernetes" ? new KubernetesStack(settings) : new DockerStack(settings);

/** Runs an action on the chosen stack, and ends what it has opened. */
export async function withRunningStack<T>(action: (stack: RunningStack) => Promise<T>): Promise<T> {
  const stack = runningStack();
  try {
    return await action(stack);
  } finally {
    stack.close();
  }
}

/** Carries drills out on a running stack, and takes the times of their alerts. */
import type { Settings } from "../../configs/stack/schema";
import { sleep } from "../machine/run";
import { deployCommand } from "../running/kubernetes/kubectl";
import { KubernetesStack } from "../running/kubernetes/kubernetes-stack";
import { makeCommand } from "../running/services";
import { alertsIn, type AlertState } from "../status/prometheus";
import type { Drill } from "./drills";
import { KubernetesTarget } from "./kubernetes-target";
import type { Target } from "./target";
import { Running } from "../status/running";
import { UserError } from "../terminal/output";

/** What became of an alert. Seconds are from the fault, and from its end. */
export interface Fired {
  readonly alert: string;
  readonly what: string;
  /** Undefined where it did not fire in time. */
  readonly firedAfter: number | undefined;
  /** Undefined where it did not end in time. */
  readonly resolvedAfter: number | undefined;
}

/** How long an alert may take to fire or to end: the longest `for` is ten minutes, the longest window five, and slow machines are slow. */
const longest = { slow: 25 * 60_000, quick: 8 * 60_000 };

/** Spans a second that flow all the time: without any, nothing of the stack has to work. */
const flow = 20;

/**
 * Carries out drills, each when none of its alerts is on its way; each lane one after the other, the lanes side by side. A fault is undone when its alerts have fired, or have not in
 * time, or the drill is interrupted.
 *
 * @param tell Called with each step, in words.
 * @throws UserError where no stack runs.
 */
export async function carryOut(
  settings: Settings,
  chosen: readonly Drill[],
  tell: (text: string) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<Fired[]> {
  const stack = await findTarget(settings);

  /** Waits until each alert fires, or no more; seconds by alert, none for those that took too long. */
  const times = async (
    alerts: readonly string[],
    fires: boolean,
    start: number,
    patience: number,
    states: AlertState[] = ["firing"],
  ): Promise<Map<string, number>> => {
    const found = new Map<string, number>();
    while (found.size < alerts.length && Date.now() < start + patience && !signal.aborted) {
      const now = await alertsIn(stack, ...states).catch(() => undefined);
      for (const alert of now ? alerts : []) {
        if (found.has(alert) || now?.has(alert) !== fires) continue;
        found.set(alert, Math.round((Date.now() - start) / 1000));
        tell(`${alert} ${fires ? "fires" : "has ended"} after ${found.get(alert)} s`);
      }
      await sleep(2000);
    }
    return found;
  };

  const drill = async ({ what, alerts, quick, endsByTime, provoke, meanwhile, undo }: Drill): Promise<Promise<Fired[]>[]> => {
    // What is on its way already would fire too early.
    const early = await alertsIn(stack, "pending", "firing");
    const waiting = alerts.filter((alert) => early.has(alert));
    if (waiting.length > 0) tell(`waiting for the end of ${waiting.join(", ")}`);
    await times(waiting, false, Date.now(), longest.slow, ["pending", "firing"]);
    if (signal.aborted) return [];
    tell(what);
    const patience = quick ? longest.quick : longest.slow;
    const start = Date.now();
    let fired = new Map<string, number>();
    const repeated = { over: false, end: Promise.resolve() };
    const repeat = async () => {
      while (meanwhile && !repeated.over) await meanwhile(stack);
    };
    try {
      await provoke(stack);
      repeated.end = repeat();
      fired = await times(alerts, true, start, patience);
    } finally {
      repeated.over = true;
      await repeated.end;
      await undo(stack);
    }
    const undone = Date.now();
    tell(`undone: ${what}`);
    const row = (resolved: Map<string, number>) =>
      alerts.map((alert) => ({ alert, what, firedAfter: fired.get(alert), resolvedAfter: resolved.get(alert) }));
    const ended = times(alerts, false, undone, patience).then(row);
    if (!endsByTime) await ended;
    return [ended];
  };

  let over = false;
  const flowing = (async () => {
    while (!over && !signal.aborted) {
      await stack.send(flow);
      await sleep(1000);
    }
  })();
  try {
    const lanes = [...new Set(chosen.map(({ lane }) => lane))].map(async (lane) => {
      const ends: Promise<Fired[]>[] = [];
      for (const each of chosen.filter((one) => one.lane === lane)) if (!signal.aborted) ends.push(...(await drill(each)));
      return (await Promise.all(ends)).flat();
    });
    return (await Promise.all(lanes)).flat();
  } finally {
    over = true;
    await flowing;
    stack.close();
  }
}

/** The running stack; throws where it does not run. */
async function findTarget(settings: Settings): Promise<Target> {
  if (settings.platform === "kubernetes") {
    const cluster = new KubernetesStack(settings);
    if ((await cluster.services()).length > 0) return new KubernetesTarget(cluster);
    throw new UserError(`stack ${settings.stack} is not in ${cluster.where}: ${deployCommand(settings.stack)}`);
  }
  const stack = await Running.find(settings);
  if (!stack) throw new UserError(`stack ${settings.stack} does not run on this engine: ${makeCommand(settings.stack, "up")}`);
  return stack;
}

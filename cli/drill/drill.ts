/** Carries drills out on a running stack, and takes the times of their alerts. */
import { makeCommand } from "../../configs/make-command";
import type { Settings } from "../../configs/stack/schema";
import { sleep } from "../machine/run";
import { deployCommand } from "../running/kubernetes/kubectl";
import { KubernetesStack } from "../running/kubernetes/kubernetes-stack";
import { alertsIn, type AlertState } from "../status/prometheus";
import type { Drill } from "./drills";
import type { Message, Messages } from "./messages";
import { KubernetesTarget } from "./kubernetes-target";
import type { Target } from "./target";
import { Running } from "../status/running";
import { UserError } from "../terminal/output";

/** Result for an alert. Seconds are from the fault, and from its end. */
export interface Fired {
  readonly alert: string;
  readonly what: string;
  /** Undefined where it did not fire in time. */
  readonly firedAfter: number | undefined;
  /** Undefined where it did not end in time. */
  readonly resolvedAfter: number | undefined;
  /** Undefined where nobody listened to messages. */
  readonly told: Told | undefined;
}

/** Messages about an alert at a webhook. Seconds are from the fault, and from its end; undefined without a message: another alert muted it. */
export interface Told {
  readonly firedAfter: number | undefined;
  readonly resolvedAfter: number | undefined;
  /** How many messages came about it. */
  readonly messages: number;
}

/** How long an alert may take to fire or to end. The slowest, ElasticsearchSetupFailing, takes 15 minutes without a look and as many to hold; slow machines add to it. */
const longest = { slow: 40 * 60_000, quick: 8 * 60_000 };

/** How long messages are waited for: a group waits a minute for its first one, and five for news of it. */
const longestMessage = { firing: 2 * 60_000, resolved: 7 * 60_000 };

/** Spans a second that flow all the time: without any, nothing of the stack has to work. */
const flow = 20;

/**
 * Carries out drills, each when none of its alerts is on its way; each lane one after the other, the lanes side by side. A fault is undone when its alerts have fired, or have not in
 * time, or the drill is interrupted.
 *
 * @param tell Called with each step, in words.
 * @param messages What the stack's Alertmanager sends; a fault then stays until its alerts have been told.
 * @throws UserError where no stack runs.
 */
export async function carryOut(
  settings: Settings,
  chosen: readonly Drill[],
  tell: (text: string) => void,
  signal: AbortSignal = new AbortController().signal,
  messages?: Messages,
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

  /** When messages about alerts came; none for those that no message came about. */
  const toldOf = async (alerts: Iterable<string>, status: Message["status"], since: number): Promise<Map<string, number>> => {
    const found = new Map<string, number>();
    const one = async (alert: string) => {
      const at = await messages?.first(alert, status, since, longestMessage[status], signal);
      if (at === undefined) return;
      found.set(alert, Math.round((at - since) / 1000));
      tell(`${alert}: told that it ${status === "firing" ? "fires" : "has ended"} after ${found.get(alert)} s`);
    };
    await Promise.all([...alerts].map(one));
    return found;
  };

  const drill = async ({ what, alerts, quick, endsByTime, provoke, meanwhile, undo }: Drill): Promise<Promise<Fired[]>[]> => {
    // An alert that is pending already would fire too early.
    const early = await alertsIn(stack, "pending", "firing");
    const waiting = alerts.filter((alert) => early.has(alert));
    if (waiting.length > 0) tell(`waiting for the end of ${waiting.join(", ")}`);
    await times(waiting, false, Date.now(), longest.slow, ["pending", "firing"]);
    if (signal.aborted) return [];
    tell(what);
    const patience = quick ? longest.quick : longest.slow;
    const start = Date.now();
    let fired = new Map<string, number>();
    let told = new Map<string, number>();
    const repeated = { over: false, end: Promise.resolve() };
    const repeat = async () => {
      while (meanwhile && !repeated.over) await meanwhile(stack);
    };
    try {
      await provoke(stack);
      repeated.end = repeat();
      fired = await times(alerts, true, start, patience);
      told = await toldOf(fired.keys(), "firing", start);
    } finally {
      repeated.over = true;
      await repeated.end;
      await undo(stack);
    }
    const undone = Date.now();
    tell(`undone: ${what}`);
    const ended = times([...fired.keys()], false, undone, longest.slow);
    if (!endsByTime) await ended;
    const rows = async (): Promise<Fired[]> => {
      const resolved = await ended;
      const endTold = await toldOf(told.keys(), "resolved", undone);
      return alerts.map((alert) => ({
        alert,
        what,
        firedAfter: fired.get(alert),
        resolvedAfter: resolved.get(alert),
        told: messages && {
          firedAfter: told.get(alert),
          resolvedAfter: endTold.get(alert),
          messages: messages.about(alert, start).length,
        },
      }));
    };
    return [rows()];
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

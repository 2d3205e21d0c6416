/** What the words of a Workload become in the inputs of its container: pure functions. */
import type * as docker from "@pulumi/docker";
import { images } from "../../../configs/images";
import { cronScript, toolsFolder } from "./scripts";
import type { Workload } from "../workload";

/** Entrypoint and arguments; a `cron` runs in a loop. */
export function program(workload: Workload): { entrypoints?: string[]; command?: string[] } {
  if (workload.kind !== "cron") {
    return {
      entrypoints: workload.command ? [...workload.command] : undefined,
      command: workload.args.length > 0 ? [...workload.args] : undefined,
    };
  }
  const [state] = workload.data;
  if (!workload.schedule || !workload.command || !state) {
    throw new Error(`cron ${workload.name} needs a schedule, a command and a data folder`);
  }
  const command = [...workload.command, ...workload.args].join(" ");
  const { hour, report } = workload.schedule;
  return { entrypoints: ["/bin/sh", "-c"], command: [cronScript(command, hour, state.path, report?.join(" "))] };
}

/** Variables of the process. In an image without a shell, PATH leads to the tools: `docker exec <service> env` works there too. */
export function environment(workload: Workload): Record<string, string> {
  return { ...workload.env, ...(images[workload.image].shell ? {} : { PATH: toolsFolder }) };
}

/** The health check, and how long to wait for it. */
export function health(workload: Workload): Pick<docker.ContainerArgs, "healthcheck" | "wait" | "waitTimeout"> {
  const { probe } = workload;
  if (!probe) return {};
  const { interval, timeout, retries, startPeriod } = probe.timing;
  const script = probe.kind === "script" ? probe.script : `wget -q -O /dev/null http://127.0.0.1:${probe.port}${probe.path}`;
  return {
    healthcheck: {
      tests: ["CMD", `${toolsFolder}/env`, `PATH=${toolsFolder}`, "sh", "-c", script],
      interval: duration(interval),
      timeout: duration(timeout),
      retries,
      startPeriod: duration(startPeriod),
    },
    wait: true,
    waitTimeout: startPeriod + (interval + timeout) * retries,
  };
}

/** Seconds as the engine writes them back. Any other way to write them would be a difference at each preview. */
const duration = (seconds: number): string => (seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`);

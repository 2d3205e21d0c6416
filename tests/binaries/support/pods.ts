/** Config files of pods, for programs on this host. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../../../configs/topology/ports";
import { freePorts } from "./programs";

/** A pod's config with its folders below one of this host. */
export function local(folder: string, text: string): string {
  const queue = join(folder, "queue");
  mkdirSync(queue, { recursive: true });
  return text.replaceAll(paths.collectorQueue, queue).replaceAll(paths.config, folder);
}

/** A config on free ports of this host in place of the pod's, and which port became which. */
export interface Moved {
  readonly text: string;
  /** The port of this host for a port of the pod; undefined if the config does not listen there. */
  readonly at: (port: number) => number;
}

export async function moved(folder: string, text: string): Promise<Moved> {
  const numbers = [
    ...new Set([...text.matchAll(/0\.0\.0\.0:(\d+)/g), ...text.matchAll(/host: 0\.0\.0\.0\n\s+port: (\d+)/g)].map(([, port]) => port!)),
  ];
  const free = await freePorts(numbers.length);
  const at = (port: number | string) => free[numbers.indexOf(String(port))]!;
  return {
    at,
    text: local(folder, text)
      .replaceAll(/0\.0\.0\.0:(\d+)/g, (_all, port: string) => `127.0.0.1:${at(port)}`)
      .replace(/host: 0\.0\.0\.0\n(\s+)port: (\d+)/, (_all, indent: string, port: string) => `host: 127.0.0.1\n${indent}port: ${at(port)}`)
      .replaceAll("localhost:8888", () => `127.0.0.1:${at(8888)}`),
  };
}

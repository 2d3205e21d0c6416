import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { dockerTopology } from "../../../configs/topology/docker";
import type { Topology } from "../../../configs/topology/topology";
import { freePorts } from "../../binaries/support/programs";

/** Output of the Collector, and of Jaeger, that says that they are up. */
export const ready = /Everything is ready/;

/** A file in a folder. */
export function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A program's config for this host, each of its ports moved to a free one. */
export async function moved<P extends Record<string, number>>(
  folder: string,
  own: P,
  text: (topology: Topology) => string,
): Promise<{ at: Record<keyof P, number>; config: string }> {
  const free = await freePorts(Object.keys(own).length);
  const at = Object.fromEntries(Object.keys(own).map((name, i) => [name, free[i]!])) as Record<keyof P, number>;
  const numbers = new Map(Object.entries(own).map(([name, port]) => [port, at[name]!]));
  const docker = dockerTopology("dev");
  const topology = {
    ...docker,
    listen: { anywhere: "127.0.0.1", collectorBackend: "127.0.0.1", jaegerBackend: "127.0.0.1", ingestBackend: "127.0.0.1" },
  };
  const config = text(topology)
    .replaceAll(/127\.0\.0\.1:(\d+)$/gm, (all, port: string) =>
      numbers.has(Number(port)) ? `127.0.0.1:${numbers.get(Number(port))!}` : all,
    )
    .replace(/^(\s+port:) (\d+)$/m, (_all, key: string, port: string) => `${key} ${numbers.get(Number(port))!}`);
  return { at, config: written(folder, "config.yml", config) };
}

/** What a program's page of metrics says. */
export const page = async (port: number): Promise<Buffer> =>
  Buffer.from(await (await fetch(`http://127.0.0.1:${port}/metrics`)).arrayBuffer());

/** The series on such a page, with labels and value. */
export async function scraped(port: number): Promise<string[]> {
  return (await page(port))
    .toString()
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Names of series. */
export const names = (series: readonly string[]): string[] => [...new Set(series.map((line) => line.split(/[{ ]/)[0]!))];

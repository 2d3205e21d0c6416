import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanerScript } from "../../configs/jaeger/index-cleaner";
import type { Settings } from "../../configs/stack/schema";
import { dockerTopology } from "../../configs/topology/docker";
import { files, paths } from "../../configs/topology/ports";

/** What the stack's scripts call of the cleaner's image. Debian's busybox is that image's, too. */
const tools = ["cat", "date", "grep", "head", "nslookup", "sed", "sh", "sleep", "sort", "tail", "timeout", "wget"];

/** A PATH of busybox's tools alone, in a folder. */
export function busyboxPath(folder: string): string {
  const path = join(folder, "tools");
  if (existsSync(path)) return path;
  mkdirSync(path);
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find(existsSync);
  if (!busybox) throw new Error("busybox is not installed; the script runs on its tools");
  for (const tool of tools) symlinkSync(busybox, join(path, tool));
  return path;
}

/** Where the script finds things on this host. */
export interface Place {
  /** Holds the password and the state. */
  readonly folder: string;
  readonly elasticsearch: string;
  readonly collector: string;
  /** The authority's certificate where Elasticsearch speaks TLS, a file. */
  readonly authority?: string;
  /** Path of the cleaner. */
  readonly program: string;
}

/** The cleaner's script with this host's paths in place of the container's; the command that runs it, and its PATH. */
export function localScript(
  settings: Settings,
  { folder, elasticsearch, collector, authority, program }: Place,
): { script: string; path: string } {
  const path = busyboxPath(folder);
  const topology = {
    ...dockerTopology("dev"),
    elasticsearchUrl: elasticsearch,
    elasticsearchAuthority: authority,
    collectorReports: collector,
  };
  const script = join(folder, files.cleaner);
  const text = cleanerScript(settings, topology)
    .replaceAll(paths.secrets, folder)
    .replaceAll(paths.cleanerState, folder)
    .replace("/go/bin/es-index-cleaner-linux", program);
  writeFileSync(script, text);
  return { script, path };
}

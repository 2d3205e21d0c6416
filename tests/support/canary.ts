import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { canaryScript } from "../../configs/canary/script";
import type { CanaryTimes } from "../../configs/canary/times";
import { dockerTopology } from "../../configs/topology/docker";
import { files } from "../../configs/topology/ports";
import { busyboxPath } from "./cleaner";

/** Where the canary finds its partners on this host, and how quick it is to be: seconds between two traces, and what they may take. */
export interface CanaryPlace {
  readonly folder: string;
  /** The Collector's receiver of traces, and that of reports. */
  readonly collector: string;
  readonly reports?: string;
  readonly jaeger: string;
  /** File with the authority of Jaeger's certificate, if its address is https. */
  readonly jaegerAuthority?: string;
  readonly interval: number;
  readonly times: CanaryTimes;
  /** File with the token that it sends. */
  readonly tokenFile?: string;
  /** File with the authority of the Collector's certificate. Default: plain text. */
  readonly authority?: string;
}

/** The canary's script for this host, in a file; and the PATH that it runs with. */
export function localCanary(place: CanaryPlace): { script: string; path: string } {
  const { folder, collector, reports = collector, jaeger, jaegerAuthority, interval, times, tokenFile, authority } = place;
  const addresses = { collectorOtlpHttp: collector, collectorReports: reports, jaegerQuery: jaeger, jaegerAuthority };
  const topology = { ...dockerTopology("dev"), ...addresses };
  const script = join(folder, files.canary);
  writeFileSync(script, canaryScript(interval, times, topology, tokenFile, authority));
  return { script, path: busyboxPath(folder) };
}

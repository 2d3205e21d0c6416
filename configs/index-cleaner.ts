/** The index cleaner's script. */
import type { Settings } from "./settings";
import { elasticsearchUser, files, paths, type Topology } from "./topology";

/** Path of the cleaner in its image, official or our own. */
const program = "/go/bin/es-index-cleaner-linux";

/**
 * The number of days that the cleaner is told, for a retention in days. Told N, the cleaner of Jaeger 2.13 keeps N calendar days, today
 * included; for at least N × 24 h of spans it takes one more.
 */
export const cleanerDays = (retention: number): number => retention + 1;

/**
 * Text of `index-cleaner.sh`: deletes the indices that are older than the retention. The cleaner takes its password from its environment
 * only; the script reads it from a file, so that it stands neither in the container's configuration nor in a command line.
 */
export function cleanerScript(settings: Settings, topology: Topology): string {
  return `#!/bin/sh
# Deletes Jaeger's indices that are older than ${settings.retention} days.
set -eu
ES_USERNAME=${elasticsearchUser}
ES_PASSWORD=$(cat ${paths.secrets}/${files.elasticsearchPassword})
export ES_USERNAME ES_PASSWORD
exec ${program} ${cleanerDays(settings.retention)} ${topology.elasticsearchUrl}
`;
}

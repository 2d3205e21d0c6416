/** Shell scripts of the Docker platform: text only, run by busybox. */
import { cronState } from "../../../configs/topology/ports";

/** The folder where every service finds the tools, read-only. */
export const toolsFolder = "/opt/tracing/tools";

/** What probes and scripts may call, and `env`, so that `docker exec <service> env` works in an image without a shell. */
const tools = ["sh", "wget", "nc", "base64", "head", "grep", "cat", "env", "date", "sleep"];

/** A folder that the prepare task makes ready for a user. */
export interface OwnedFolder {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
}

/** A copy of a secret for one consumer. */
export interface SecretCopy extends OwnedFolder {
  /** File that holds the secret. */
  readonly source: string;
  readonly name: string;
}

/** Puts the tools in place. It may run any number of times. */
export const toolsScript = [
  "set -eu",
  // Probes run the old one meanwhile: a program in use cannot be written, but its place can be taken.
  `cp /bin/busybox ${toolsFolder}/.busybox`,
  `mv -f ${toolsFolder}/.busybox ${toolsFolder}/busybox`,
  `for tool in ${tools.join(" ")}; do [ -e ${toolsFolder}/$tool ] || ln -s busybox ${toolsFolder}/$tool; done`,
  "echo prepared",
].join("\n");

/**
 * Hands data folders to their users and copies secrets for their consumer. It runs as root with no other capability than CHOWN, so a mode is
 * set before the owner changes, and nothing inside a data folder is touched. It may run any number of times.
 */
export function prepareScript(data: readonly OwnedFolder[], secrets: readonly SecretCopy[]): string {
  return [
    "set -eu",
    ...data.map(({ path, uid, gid }) => `chown ${uid}:${gid} ${path}`),
    ...secrets.flatMap(({ source, path, name, uid, gid }) => [
      // A new file takes the old one's place at once: a reader sees the old secret or the new one, never a part.
      `rm -f ${path}/.${name}`,
      `(umask 377; cat ${source} > ${path}/.${name})`,
      `chown ${uid}:${gid} ${path}/.${name}`,
      `mv -f ${path}/.${name} ${path}/${name}`,
      `chmod 755 ${path}`,
    ]),
    "echo prepared",
  ].join("\n");
}

/**
 * The daily run of a `cron` workload. Docker has no scheduler, so its container stays up: it runs the command at its hour, and at once
 * where the last run that was due is missing. A failed run is tried again after ten minutes.
 *
 * @param command What to run, as shell words.
 * @param hour Hour of the day, UTC.
 * @param stateFolder Remembers the last good run, so that a restart neither repeats nor skips one.
 * @param report What to run every five minutes between runs, as shell words; one that fails is tried again after half a minute.
 */
export function cronScript(command: string, hour: number, stateFolder: string, report?: string): string {
  return `trap 'exit 0' TERM INT
pause() { sleep "$1" & wait $!; }
last=${stateFolder}/${cronState.lastSuccess}
reported=0
while true; do
  now=$(date +%s)
  due=$((now - (now - ${hour} * 3600) % 86400))
  if [ "$(cat "$last" 2>/dev/null || echo 0)" -ge "$due" ]; then
    ${
      report
        ? `[ $((now - reported)) -lt 300 ] || { ${report} && reported=$now; }
    `
        : ""
    }pause 30
    continue
  fi
  echo "running, due since $(((now - due) / 60)) minutes"
  if ${command}; then
    echo "$now" > "$last"
    echo "done; next run at ${String(hour).padStart(2, "0")}:00 UTC"
  else
    echo "failed; trying again in 10 minutes" >&2
    pause 600
  fi
done`;
}

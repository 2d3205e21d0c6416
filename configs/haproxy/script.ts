/** The script that runs HAProxy where its files change under it. */

/** Seconds between two looks at the files. */
const interval = 2;

/** Seconds that open connections have to finish their requests when the service ends. */
const patience = 8;

/** A proxy, and what it is reloaded for. */
export interface ReloadedProxy {
  /** HAProxy's config file. */
  readonly config: string;
  /** Its other files, or patterns of them: HAProxy is reloaded when one changes. */
  readonly watched: readonly string[];
  /** What these files hold, for the log. */
  readonly what: string;
  /** Files that HAProxy reads and that are made of those that are watched. Left out: there are none. */
  readonly made?: {
    /** Functions of the shell. */
    readonly functions: string;
    /** The command that makes the files. */
    readonly by: string;
  };
}

/**
 * Text of a script that runs HAProxy and reloads it when its files change. A reload starts a new process beside the old one, which finishes what it has
 * begun. HAProxy goes on as it is if it would not accept the new files.
 *
 * It runs in Alpine's shell and in Debian's.
 */
export const haproxyScript = ({ config, watched, what, made }: ReloadedProxy): string => `#!/bin/sh
# Runs HAProxy, and reloads it when its files change.
set -u
umask 077

${made ? `${made.functions}\n\n` : ""}# What the files hold.
state() { cat ${[config, ...watched].join(" ")} 2>/dev/null | sha256sum; }

${made ? `write() {\n  ${made.by}\n}\n\n` : ""}seen=$(state)
${made ? "write || exit 1\n" : ""}haproxy -W -db -f ${config} &
haproxy=$!
# The end of the service: no new connections, and those that are open finish their requests. Idle ones do not keep it for long.
interval=${interval} stopping=
trap 'interval=0.5 stopping=0; kill -USR1 "$haproxy" 2>/dev/null' TERM INT USR1
while kill -0 "$haproxy" 2>/dev/null; do
  sleep $interval &
  wait $!
  if [ -n "$stopping" ]; then
    stopping=$((stopping + 1))
    [ $stopping -lt ${2 * patience} ] || kill -TERM "$haproxy" 2>/dev/null
    continue
  fi
  now=$(state)
  [ "$now" = "$seen" ] && continue
  seen=$now
  if ${made ? "write && " : ""}haproxy -c -q -f ${config}; then
    kill -USR2 "$haproxy"
    echo "reloaded: ${what} or config have changed"
  else
    echo "HAProxy does not accept the new files, and goes on with the old ones" >&2
  fi
done
wait "$haproxy"
`;

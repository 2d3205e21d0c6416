/** The script that runs HAProxy. */
import { hashedPrefix, shortestToken, tokenFilePrefix } from "./senders";

/** Seconds between two looks at the files. */
const interval = 2;

/** Seconds that open connections have to finish their requests when the service ends. */
const patience = 8;

/** Where the script finds what it needs. */
export interface IngestFiles {
  /** HAProxy's config file. */
  readonly config: string;
  /** Folder with a file of tokens for each sender. */
  readonly tokens: string;
  /** Files of TLS that are reread when they change, if any. */
  readonly certificates: readonly string[];
  /** File of hashed tokens, as HAProxy reads it: the script writes it. */
  readonly senders: string;
}

/**
 * Text of `ingest.sh`: runs HAProxy and reloads it when a token, a certificate or the config changes. A reload starts a new process beside the old one, which
 * finishes what it has begun. HAProxy goes on as it is if it would not accept the new files.
 *
 * It runs in Alpine's shell and in Debian's. Tokens are in no process' arguments: `printf` is part of the shell.
 */
export const ingestScript = ({ config, tokens, certificates, senders }: IngestFiles): string => `#!/bin/sh
# Runs HAProxy, and reloads it when its files change.
set -u
umask 077

# All tokens, hashed, one per line with their sender.
hashes() {
  for file in ${tokens}/${tokenFilePrefix}*; do
    [ -r "$file" ] || continue
    sender=\${file##*/${tokenFilePrefix}}
    while IFS= read -r token || [ -n "$token" ]; do
      case $token in
        '') ;;
        ${hashedPrefix}*) echo "\${token#${hashedPrefix}} $sender" ;;
        *)
          if [ \${#token} -lt ${shortestToken} ]; then
            echo "a token of $sender is shorter than ${shortestToken} characters: left out" >&2
          else
            hash=$(printf %s "$token" | sha256sum)
            echo "\${hash%% *} $sender"
          fi
          ;;
      esac
    done <"$file"
  done
}

# What the files hold.
state() { cat ${[config, `${tokens}/${tokenFilePrefix}*`, ...certificates].join(" ")} 2>/dev/null | sha256sum; }

write() {
  hashes >${senders}.new && mv -f ${senders}.new ${senders}
}

seen=$(state)
write || exit 1
haproxy -W -db -f ${config} &
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
  if write && haproxy -c -q -f ${config}; then
    kill -USR2 "$haproxy"
    echo "reloaded: ${certificates.length > 0 ? "tokens, certificates" : "tokens"} or config have changed"
  else
    echo "HAProxy does not accept the new files, and goes on with the old ones" >&2
  fi
done
wait "$haproxy"
`;

/** The script that runs HAProxy in front of the Collector. */
import { haproxyScript } from "../haproxy/script";
import { hashedPrefix, shortestToken, tokenFilePrefix } from "./senders";

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
 * Text of `ingest.sh`: runs HAProxy and reloads it when a token, a certificate or the config changes. Tokens are in no process' arguments: `printf` is
 * part of the shell.
 */
export const ingestScript = ({ config, tokens, certificates, senders }: IngestFiles): string =>
  haproxyScript({
    config,
    watched: [`${tokens}/${tokenFilePrefix}*`, ...certificates],
    what: certificates.length > 0 ? "tokens, certificates" : "tokens",
    made: { functions: hashes(tokens), by: `hashes >${senders}.new && mv -f ${senders}.new ${senders}` },
  });

const hashes = (tokens: string): string => `# All tokens, hashed, one per line with their sender.
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
}`;

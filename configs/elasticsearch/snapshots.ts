/** Snapshots: copies of the stack's indices in a repository, one a day. */
import { reportFunction, requestFunctions } from "./bash";
import { snapshotGauges } from "./snapshot-metrics";
import { indexKinds, indexPattern } from "./templates";
import { hasSnapshots, namesOf, passwordFile, userName, type UserSettings } from "./users";
import type { Settings } from "../stack/schema";
import { cronState, paths } from "../topology/ports";
import type { Addresses, ElasticsearchAddress } from "../topology/topology";

/** A snapshot repository, as Elasticsearch's API takes it. */
interface Repository {
  readonly type: "fs" | "s3" | "gcs" | "azure";
  readonly settings: Readonly<Record<string, string>>;
}

/** Path of the repository in Elasticsearch's API. Stacks that share an Elasticsearch have one each. */
export const repositoryPath = (settings: UserSettings): string => `_snapshot/${namesOf(settings)}`;

/** The repository, where there is one. In a bucket each stack has a path of its own: two Elasticsearches that write to one destroy it. */
export function repositories(settings: UserSettings & Pick<Settings, "stack">): Repository[] {
  const {
    stack,
    elasticsearch: { snapshots },
  } = settings;
  const { store, bucket = "", path, endpoint } = snapshots;
  const base = { base_path: path ?? `${stack}/${namesOf(settings)}` };
  switch (store) {
    case "off":
      return [];
    case "volume":
      return [{ type: "fs", settings: { location: paths.elasticsearchSnapshots } }];
    case "azure":
      return [{ type: "azure", settings: { container: bucket, ...base } }];
    case "gcs":
      return [{ type: "gcs", settings: { bucket, ...base } }];
    case "s3":
      return [{ type: "s3", settings: { bucket, ...base, ...(endpoint === undefined ? {} : { endpoint, path_style_access: "true" }) } }];
  }
}

/** Whether it is an object store, outside of the stack. */
export const hasBucket = ({ elasticsearch: { snapshots } }: UserSettings): boolean => !["off", "volume"].includes(snapshots.store);

/** Elasticsearch's settings for it. */
export const snapshotEnv = ({ elasticsearch: { snapshots } }: UserSettings): Record<string, string> =>
  snapshots.store === "volume" ? { "path.repo": paths.elasticsearchSnapshots } : {};

/** A secret setting of Elasticsearch's keystore, by the key that it has in the Secret of stack config. */
export interface KeystoreEntry {
  readonly key: string;
  readonly setting: string;
  /** Whether its value is a file as it is. */
  readonly isFile: boolean;
}

const keystoreEntries = {
  s3: { access_key: "s3.client.default.access_key", secret_key: "s3.client.default.secret_key" },
  gcs: { credentials_file: "gcs.client.default.credentials_file" },
  azure: { account: "azure.client.default.account", key: "azure.client.default.key" },
} as const satisfies Record<string, Record<string, string>>;

/** What the keystore must hold to reach the repository; nothing where the cloud knows the pod. */
export function keystoreOf({ elasticsearch: { snapshots } }: UserSettings): KeystoreEntry[] {
  const { store, credentialsSecret } = snapshots;
  if (store === "off" || store === "volume" || credentialsSecret === undefined) return [];
  return Object.entries(keystoreEntries[store]).map(([key, setting]) => ({ key, setting, isFile: key === "credentials_file" }));
}

/** Name of a keystore entry's file among the secrets. */
export const keystoreFile = ({ key }: KeystoreEntry): string => `snapshots-${key.replaceAll("_", "-")}`;

/**
 * Fills the keystore from the secrets' files, then starts Elasticsearch as its image does. The image makes a keystore only for the password.
 */
export const keystoreScript = (entries: readonly KeystoreEntry[]): string =>
  [
    "set -eu",
    ...entries.map((entry) => {
      const file = `${paths.secrets}/${keystoreFile(entry)}`;
      return entry.isFile
        ? `elasticsearch-keystore add-file --force ${entry.setting} ${file}`
        : `elasticsearch-keystore add --stdin --force ${entry.setting} <${file}`;
    }),
    "exec /bin/tini -- /usr/local/bin/docker-entrypoint.sh eswrapper",
  ].join("\n");

/** What is copied: the stack's indices, and nothing of the cluster's. */
const request = (settings: UserSettings): string =>
  JSON.stringify({
    indices: indexKinds.map((kind) => indexPattern(settings, kind)).join(","),
    ignore_unavailable: true,
    include_global_state: false,
  });

/** What the names of a stack's snapshots begin with. */
export const snapshotPrefix = (settings: UserSettings): string => `${namesOf(settings)}-`;

/**
 * Text of `elasticsearch-snapshots.sh`: makes a snapshot, deletes those that are older than their retention, and reports how that went; with the argument
 * `report` it only reports. It runs in a bash with curl and nothing but coreutils.
 *
 * A snapshot copies only what no earlier one has: those of a day's index that is done cost nothing. Deleting one takes nothing from others.
 */
export function snapshotScript(settings: UserSettings, topology: Addresses & ElasticsearchAddress): string {
  if (!hasSnapshots(settings)) throw new Error("the stack makes no snapshots");
  const { retention } = settings.elasticsearch.snapshots;
  const repository = repositoryPath(settings);
  const result = `${paths.snapshotState}/${cronState.lastResult}`;
  return `#!/bin/bash
# Makes a snapshot of the stack's indices, deletes those older than ${retention} days, and reports; with the argument "report" it only reports.
set -u

${requestFunctions(topology, userName(settings, "snapshots"), passwordFile(settings, "snapshots"))}

# Whether an answer has status 200; if not, what was asked for and the answer are wrong.
good() {
  [[ $2 == *$'\\n'200 ]] || { echo "$1: \${2//$'\\n'/ }" >&2; return 1; }
}

# The snapshots, oldest first: name, state, when it began, when it ended, how many indices it holds.
list() {
  local answer line
  answer=$(ask GET '_cat/snapshots/${namesOf(settings)}?h=id,status,start_epoch,end_epoch,indices&s=start_epoch')
  good 'the list of snapshots' "$answer" || return
  while read -r line; do [[ $line != ${snapshotPrefix(settings)}* ]] || echo "$line"; done <<<"$answer"
}

# The newest that is whole and holds that many indices at least: its name and when it ended.
newest() {
  local name state began ended held found=
  while read -r name state began ended held; do
    [ "$state" != SUCCESS ] || [ "$held" -lt "$1" ] || found="$name $ended"
  done < <(list)
  echo "$found"
}

take() {
  local name=${snapshotPrefix(settings)}$(date -u +%Y.%m.%d-%H%M%S) answer
  good "$name" "$(ask PUT "${repository}/$name" @- <<<'${request(settings)}')" || return
  # Elasticsearch makes it by itself; one that does not answer for a while is asked again, for ten minutes.
  SECONDS=0
  while ((SECONDS < 600)); do
    sleep 3
    answer=$(ask GET "${repository}/$name?filter_path=error,snapshots.state,snapshots.reason,snapshots.failures.reason")
    case $answer in
      *'"state":"SUCCESS"'*) echo "$name is made"; return ;;
      *'"state":"IN_PROGRESS"'*) SECONDS=0 ;;
      *'"state":'* | *$'\\n'40[134]) break ;;
    esac
  done
  echo "$name is not whole: \${answer//$'\\n'/ }" >&2
  return 1
}

# Deletes what is old, but never the newest that is whole and holds anything.
forget() {
  local keep name state began ended held patience=3600
  read -r keep ended < <(newest 1)
  while read -r name state began ended held; do
    [ "$state" != IN_PROGRESS ] && [ "$name" != "$keep" ] && [ "$began" -lt $(($(date +%s) - ${retention * 86_400})) ] || continue
    good "$name" "$(ask DELETE "${repository}/$name")" && echo "$name is deleted"
  done < <(list)
}

${reportFunction(topology, "elasticsearch-snapshots", [
  [snapshotGauges.lastSuccess, '"$made"'],
  [snapshotGauges.lastRun, `"\${result:+$((result == 0))}"`],
])}

tell() {
  read -r _ made < <(newest 0)
  read -r result 2>/dev/null <${result}
  report
}

if [ "\${1:-}" = report ]; then
  tell
  exit
fi
take
code=$?
echo "$code" >${result}
[ "$code" -ne 0 ] || forget
tell || echo "the Collector took no report" >&2
exit "$code"
`;
}

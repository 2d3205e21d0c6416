/** What is put into Elasticsearch before Jaeger starts, and the script that does it. */
import { certificatesFunction, watchedSecrets } from "./certificates";
import { reportFunction, requestFunctions, secretWord } from "./bash";
import { indexPattern, indexTemplates, lateFields, type TemplateKind } from "./templates";
import { repositories, repositoryPath } from "./snapshots";
import { restoreScript } from "./restore";
import { setupGauges } from "./setup-metrics";
import { formerPasswordFile, hasSnapshots, namesOf, passwordFile, roleName, roles, setupUser, superuser, userName, usersOf } from "./users";
import { compact } from "../compact";
import type { ElasticsearchSettings, Settings } from "../stack/schema";
import { files, paths } from "../topology/ports";
import type { Addresses, ElasticsearchAddress } from "../topology/topology";
import { ownElasticsearch } from "../topology/kubernetes";
import { oldestElasticsearch } from "../versions";

/** Settings that the setup depends on. */
export type SetupSettings = ElasticsearchSettings &
  Pick<Settings, "sampling"> & { readonly jaeger: Pick<Settings["jaeger"], "tags"> } & Partial<Pick<Settings, "ingest">>;

/** Seconds between two looks at whether everything is still in place. */
const lookEvery = 60;

/** Seconds until something that is missing or changed is put right, unless it is as it should be by then: longer than a new setup takes the place of an old one. */
const doubtFor = 30;

/** Seconds that the users of the passwords before still work: time for all services to roll. */
const oldUsersFor = 3600;

/** Exists as soon as everything is in place. */
export const setupDone = "/tmp/done";

/** A request with a body in a file. */
interface Put {
  readonly path: string;
  readonly file: string;
  readonly body: object;
  /** Set if the rest goes on where it fails, and whether it is tried again. */
  readonly optional?: "once" | "retried";
  /** A request that must succeed after it. */
  readonly check?: string;
}

/** Name of the template for a kind of index. */
export const templateName = (settings: Pick<Settings, "elasticsearch">, kind: TemplateKind): string =>
  `${namesOf(settings)}-jaeger-${kind}`;

/** What is put in place, in order, but for users. */
const puts = (settings: SetupSettings): Put[] => [
  ...Object.entries(indexTemplates(settings)).map(([kind, body]) => ({
    path: `_index_template/${templateName(settings, kind as TemplateKind)}`,
    file: `template-${kind}.json`,
    body,
  })),
  // Those that are open already, which the template comes too late for. One of them may be read-only, and must not hold up the rest.
  {
    path: `${indexPattern(settings, "span")}/_settings?expand_wildcards=open&allow_no_indices=true`,
    file: "open-indices.json",
    body: lateFields,
    optional: "once",
  },
  ...usersOf(settings).map((user) => ({
    path: `_security/role/${roleName(settings, user)}`,
    file: `role-${user}.json`,
    body: roles(settings)[user],
  })),
  ...repositories(settings).map((body) => ({
    path: repositoryPath(settings),
    file: "snapshot-repository.json",
    body,
    optional: "retried" as const,
    // Put a second time, it is told to be there also where a node cannot write to it.
    check: `${repositoryPath(settings)}/_verify`,
  })),
];

/** The files of the setup, by name: the script and what it sends. */
export const setupFiles = (settings: SetupSettings, topology: Addresses & ElasticsearchAddress): Readonly<Record<string, string>> => ({
  [files.elasticsearchSetup]: setupScript(settings, topology),
  ...(hasSnapshots(settings) ? { [files.restore]: restoreScript(settings, topology) } : {}),
  ...Object.fromEntries(puts(settings).map(({ file, body }) => [file, `${JSON.stringify(body, undefined, 2)}\n`])),
});

/**
 * Text of `elasticsearch-setup.sh`. It runs for as long as the stack: it puts everything in place, which may be done any number of times, and then
 * looks each minute whether it still is. What is missing or changed, as after Elasticsearch lost its data, it puts right.
 *
 * Users come last: Jaeger cannot log in, and so cannot make an index, before the templates are there.
 *
 * It runs in a bash with curl.
 */
export function setupScript(settings: SetupSettings, topology: Addresses & ElasticsearchAddress): string {
  const [major, minor] = oldestElasticsearch;
  const { passwordVersion } = settings.elasticsearch;
  const rotated = passwordVersion > 1;
  const ownUsers = usersOf(settings);
  const renews = rotated && ownElasticsearch(settings);
  const retires = rotated && ownUsers.length > 0;
  const watches = watchedSecrets(settings).length > 0;
  const steps = compact([
    renews && "renew",
    "supported",
    ...puts(settings).map(({ path, file, optional, check }) => {
      const request = `put '${path}' ${file}${check === undefined ? "" : ` && was 200 "$(ask POST ${check})" ${check}`}`;
      return optional === undefined ? request : `{ ${request} || ${optional === "once" ? "true" : "unfinished=yes"}; }`;
    }),
    ...ownUsers.map((user) => `user ${userName(settings, user)} ${roleName(settings, user)} ${secretWord(passwordFile(settings, user))}`),
  ]);
  // One at a time: of several at once Elasticsearch promises no order.
  const looks = [
    ...Object.keys(indexTemplates(settings)).map((kind) => `_index_template/${templateName(settings, kind as TemplateKind)}`),
    ...repositories(settings).map(() => repositoryPath(settings)),
    ...ownUsers.flatMap((user) => [`_security/role/${roleName(settings, user)}`, `_security/user/${userName(settings, user)}`]),
  ];
  return `#!/bin/bash
# Puts into Elasticsearch what Jaeger needs there, and looks every minute whether it is still in place.
set -u

${requestFunctions(topology, setupUser(settings), files.elasticsearchPassword)}

# What is wrong, to the log; once, as it is tried again and again.
complain() {
  [ "$1" = "$complaint" ] || echo "$1" >&2
  complaint=$1
  return 1
}

# Whether an answer has a status; if not, what was asked for and the answer are wrong.
was() {
  [[ $2 == *$'\\n'$1 ]] || complain "$3: \${2//$'\\n'/ }"
}

put() { was 200 "$(ask PUT "$1" "@${paths.config}/$2")" "$1"; }

user() { was 200 "$(ask PUT "_security/user/$1" @- <<<"{\\"password\\":\\"$3\\",\\"roles\\":[\\"$2\\"]}")" "user $1"; }

${
  renews
    ? `# Gives the superuser its new password, by whichever of the earlier ones Elasticsearch has.
renew() {
  local password=${secretWord(files.elasticsearchPassword)} former
  [[ $(ask GET _security/_authenticate) == *$'\\n'401 ]] || return 0
  for former in ${paths.secrets}/${formerPasswordFile(1).replace(/1$/, "*")}; do
    [[ $(request ${superuser} "$(<"$former")" GET _security/_authenticate) == *$'\\n'200 ]] || continue
    was 200 "$(request ${superuser} "$(<"$former")" POST _security/user/${superuser}/_password @- <<<"{\\"password\\":\\"$password\\"}")" 'new password'
    return
  done
}

`
    : ""
}supported() {
  local answer=$(ask GET '?filter_path=version.number') number='"number" *: *"([0-9]+)\\.([0-9]+)'
  if [[ ! $answer =~ $number ]]; then
    complain "Elasticsearch does not tell its version: \${answer//$'\\n'/ }"
    return
  fi
  ((BASH_REMATCH[1] > ${major} || (BASH_REMATCH[1] == ${major} && BASH_REMATCH[2] >= ${minor}))) && return
  complain "Elasticsearch is \${BASH_REMATCH[1]}.\${BASH_REMATCH[2]}; allowed: ${major}.${minor} or newer, which the index templates need"
}

# What is there of what was put in place, in Elasticsearch's own words; fails where it does not say.
present() {
  local path answer
  for path in ${looks.map((path) => `'${path}'`).join(" ")}; do
    answer=$(ask GET "$path")
    [[ $answer == *$'\\n'200 || $answer == *$'\\n'404 ]] || return
    echo "$answer"
  done
${
  ownUsers.length > 0
    ? `  for path in ${ownUsers.map((user) => `${userName(settings, user)}/${passwordFile(settings, user)}`).join(" ")}; do
    answer=$(request "\${path%/*}" "$(<${paths.secrets}/\${path#*/})" GET _security/_authenticate)
    [[ $answer == *$'\\n'200 || $answer == *$'\\n'401 ]] || return
    echo "\${path%/*} \${answer##*$'\\n'}"
  done
`
    : ""
}}

apply() {
  unfinished=
  ${steps.join(" &&\n    ")}
}
${
  retires
    ? `
# Deletes the users of earlier passwords, once every service has had the time to log in as the new ones.
retire() {
  local version name answer
  [ $(($(date +%s) - began)) -gt ${oldUsersFor} ] || return
  for ((version = 1; version < ${passwordVersion}; version++)); do
    for name in ${ownUsers.map((user) => userName(settings, user, 1)).join(" ")}; do
      ((version == 1)) || name+=-$version
      answer=$(ask DELETE "_security/user/$name")
      case $answer in
        *$'\\n'200) echo "user $name is gone" ;;
        *$'\\n'404) ;;
        *) return ;;
      esac
    done
  done
  began=
}
`
    : ""
}
${watches ? `${certificatesFunction}\n\n` : ""}${reportFunction(
    topology,
    "elasticsearch-setup",
    [
      [setupGauges.lastSuccess, '"$inPlace"'],
      [setupGauges.lastRepair, '"$repaired"'],
    ],
    watches ? ["certificates"] : [],
  )}

trap 'exit 0' TERM INT
# A container that starts again has to look again.
rm -f ${setupDone}
# When everything was last seen in place, when something last had to be put right, what was there then, and whether something can wait.
inPlace= repaired= known= complaint= doubt= unfinished=
while true; do
  before=$(present) || before=
  pause=${lookEvery}
  if [ -n "$known" ] && [ "$before" = "$known" ] && [ -z "$unfinished" ]; then
    inPlace=$(date +%s) complaint= doubt=
  elif [ -n "$known" ] && [ -z "$doubt$unfinished" ]; then
    # It may be the work of the setup that takes this one's place: then this one is gone before it looks again.
    doubt=yes pause=${doubtFor}
  elif apply && now=$(present); then
    doubt=
    # What can wait is tried each minute; it is wrong meanwhile.
    [ -n "$unfinished" ] || inPlace=$(date +%s) complaint=
    if [ ! -e ${setupDone} ]; then
      echo "everything is in place\${unfinished:+ that Jaeger needs}"
      began=$(date +%s)
      touch ${setupDone}
    elif [ -n "$before" ] && [ "$before" != "$now" ]; then
      repaired=$(date +%s)
      echo "something was missing or changed; everything is in place again" >&2
    fi
    known=$now
  fi
  report
${retires ? `  [ -z "\${began:-}" ] || retire\n` : ""}  [ -e ${setupDone} ] || pause=2
  sleep $pause &
  wait $!
done
`;
}

/** kubectl in a stack's namespace, and what its failures mean. */
import { makeCommand } from "../../../configs/make-command";
import type { Settings } from "../../../configs/stack/schema";
import { run, tail, type Outcome, type RunOptions } from "../../machine/run";
import { UserError } from "../../terminal/output";

/** Settings that select a stack's cluster and namespace. */
export type Cluster = Pick<Settings, "stack" | "kubernetes">;

/** The words of kubectl that lead to a stack's namespace. */
export function kubectlWords({ kubernetes }: Pick<Cluster, "kubernetes">): string[] {
  const { namespace, context, kubeconfig } = kubernetes;
  return [
    ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]),
    ...(context === undefined ? [] : ["--context", context]),
    ...["--namespace", namespace],
  ];
}

/** The same as a command that people type. */
export const kubectlCommand = (cluster: Cluster, ...words: readonly string[]): string =>
  ["kubectl", ...kubectlWords(cluster), ...words].map((word) => (/[^\w@%+=:,./-]/.test(word) ? `'${word}'` : word)).join(" ");

/** Runs kubectl in a stack's namespace; returns what it prints. Throws a UserError that names the key to look at if it fails. */
export async function kubectl(cluster: Cluster, words: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run("kubectl", [...kubectlWords(cluster), ...words], options);
  if (!outcome.ok) throw new UserError(explainFailure(cluster, words, outcome));
  return outcome.stdout;
}

/** Milliseconds that kubectl may take for one question: its own limit, and time for a login that is a program. */
const longestAnswer = 15_000;

/** An answer of the API server as JSON. */
export async function getJson(cluster: Cluster, words: readonly string[]): Promise<unknown> {
  const text = await kubectl(cluster, [...words, "--output", "json", "--request-timeout", "5s"], { timeout: longestAnswer });
  return JSON.parse(text || "{}") as unknown;
}

const key = (name: keyof Settings["kubernetes"], value: string | undefined) => `tracing:kubernetes.${name} (${value ?? "not set"})`;

/** Message for a failed kubectl. */
export const explainFailure = (cluster: Cluster, words: readonly string[], outcome: Pick<Outcome, "output" | "why">): string =>
  knownFailure(cluster, outcome) ?? `kubectl ${words.slice(0, 3).join(" ")} failed: ${outcome.why}\n${tail(outcome.output)}`;

/** Message for a known failure, with the setting or permission to check; undefined for any other failure. */
export function knownFailure(cluster: Cluster, { output, why }: Pick<Outcome, "output" | "why">): string | undefined {
  const { context, kubeconfig, namespace } = cluster.kubernetes;
  const said = lastLine(output) || why;
  const chosen = `${key("kubeconfig", kubeconfig)} and ${key("context", context)}`;
  if (why === "kubectl is not installed")
    return "kubectl is not installed, and stacks on Kubernetes need it, 1.27 or newer: https://kubernetes.io/docs/tasks/tools/";
  if (/context "?[^\n]*"? does not exist|context was not found|no context exists/.test(output))
    return `${key("context", context)}: ${said}\n\`kubectl config get-contexts\` lists those there are`;
  if (/\b(stat|open|read) [^\n]*: (no such file|permission denied|is a directory)|error loading config file/.test(output))
    return `${key("kubeconfig", kubeconfig)}: ${said}`;
  if (/Unauthorized|must be logged in|provide credentials|getting credentials/.test(output))
    return `the cluster does not take the login: ${said}\nLog in again, or choose another one by ${chosen}`;
  if (/forbidden/i.test(output))
    return `the cluster forbids it: ${said}\nThe login of ${key("context", context)} needs that right in ${key("namespace", namespace)}; who may grant it: a cluster administrator`;
  if (/namespaces? "[^"]*" not found/.test(output)) return namespaceMissing(cluster);
  if (noCluster.test(output) || /not done within|no answer within/.test(why))
    return `no cluster answers: ${said}\nWhich one is asked follows from ${chosen}; without them from KUBECONFIG and its current context`;
  return undefined;
}

const noCluster =
  /The connection to the server|Unable to connect to the server|no configuration has been provided|dial tcp|i\/o timeout|TLS handshake|no such host|deadline exceeded|Client\.Timeout|x509|server is currently unable|ServiceUnavailable/;

/** Message if the stack's namespace does not exist. */
export const namespaceMissing = (cluster: Cluster): string =>
  `${key("namespace", cluster.kubernetes.namespace)}: the cluster has no such namespace. Is it the right cluster, ` +
  `${key("context", cluster.kubernetes.context)}? The stack is made by ${deployCommand(cluster.stack)}; \`${makeCommand(cluster.stack, "preview")}\` shows what that does`;

/** The command that deploys a stack. */
export const deployCommand = (stack: string): string => `pulumi up -s ${stack} --policy-pack policy`;

/** The last line that says something; log lines of client-go come before it. */
const lastLine = (output: string): string =>
  output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line && !/^[EWI]\d{4} /.test(line))
    .pop() ?? "";

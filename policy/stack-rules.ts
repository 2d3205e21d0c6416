/** Rules on a whole stack: its settings, and what its resources are to each other. */
import { compact } from "../configs/compact";
import { rulesOf } from "../configs/sampling";
import type { Settings } from "../configs/stack/schema";
import { files, paths } from "../configs/topology/ports";
import { bounds, environmentOf, mayBeAlone, type Bounds } from "./bounds";
import { at, given, listAt, nameOf, unknown, type Declared } from "./declared";
import { covers, kubernetesKind, ofKind, podContainers, podTemplate } from "./pods";
import type { StackRule } from "./rule";
import { securityRules } from "./security-rules";

const environmentByName: StackRule = {
  name: "environment-by-name",
  description: "A stack with the name of an environment is of that environment, so that no setting takes it out of its bounds.",
  check: ({ stack, environment }) => {
    const wanted = environmentOf.get(stack) ?? environment;
    return environment === wanted ? [] : [`tracing:environment: found ${environment}; the stack ${stack} is ${wanted}`];
  },
};

const retentionBounds: StackRule = {
  name: "retention-bounds",
  description: "Traces are kept as long as the environment asks for, and no longer.",
  check: ({ environment, retention }) => outside("tracing:retention", retention, bounds[environment].retention, "d", environment),
};

const samplingBounds: StackRule = {
  name: "sampling-bounds",
  description: "Sampling keeps what the environment promises: errors, and enough of the rest without flooding the storage.",
  check: ({ environment, sampling }) => {
    const limits: Bounds = bounds[environment];
    return [
      ...wideRates(sampling).flatMap(([key, percent]) => outside(`tracing:sampling.${key}`, percent, limits.sampling, " %", environment)),
      ...outside("tracing:sampling.errors", sampling.errors, [limits.errors, 100], " %", environment),
      ...blindToErrors(sampling, limits.errors, environment),
    ];
  },
};

/** An application decides before a request fails: its errors have the rate of their request, those that a rule names too. */
function blindToErrors(sampling: Settings["sampling"], least: number, environment: string): string[] {
  const lowest = Math.min(sampling.default, ...rulesOf(sampling).map(({ percent }) => percent));
  if (sampling.decide !== "app" || lowest >= least) return [];
  return [
    `tracing:sampling.decide: found app, which keeps errors at the rate of their request, down to ${lowest} %; ` +
      `allowed in ${environment}: collector, or no rate below ${least} %`,
  ];
}

/** The rates of requests that nobody named: the defaults, and operations whose path is nothing but wildcards, which are defaults too. */
function wideRates({ default: rate, services, operations }: Settings["sampling"]): (readonly [key: string, percent: number])[] {
  const wide = (key: string, list: typeof operations) =>
    list.flatMap(({ operation: { text }, percent }, i) =>
      /^[A-Z]+ (\/(\*+|<[^<>]+>))+\/?$/.test(text) ? [[`${key}[${i}] (${text})`, percent] as const] : [],
    );
  return [
    ["default", rate],
    ...wide("operations", operations),
    ...services.flatMap((service, i) => [
      ...(service.default === undefined ? [] : [[`services[${i}].default (${service.service})`, service.default] as const]),
      ...wide(`services[${i}].operations`, service.operations),
    ]),
  ];
}

function outside(key: string, value: number, [least, most]: readonly [number, number], unit: string, environment: string): string[] {
  if (value >= least && value <= most) return [];
  return [`${key}: found ${value}${unit}; allowed in ${environment}: from ${least}${unit} to ${most}${unit}`];
}

const survivesLoss: StackRule = {
  name: "survives-loss",
  description: "In production each workload has several pods, spread over nodes, and a budget that lets one go at a time.",
  check: ({ environment, platform }, resources) => {
    if (environment !== "production") return [];
    if (platform !== "kubernetes") return [`tracing:platform: found ${platform}; one machine does not survive its own loss`];
    return resources
      .filter((resource) => ["apps/v1:Deployment", "apps/v1:StatefulSet"].includes(kubernetesKind(resource) ?? ""))
      .filter((resource) => !mayBeAlone.has(nameOf(resource)))
      .flatMap((workload) =>
        [...tooFew(workload, resources), ...unspread(workload), ...unguarded(workload, resources)].map(
          (problem) => `${nameOf(workload)} ${problem}`,
        ),
      );
  },
};

/** Pods that a workload has at least: its own number, or the least that its autoscaler leaves. */
function leastReplicas(workload: Declared, resources: readonly Declared[]): number {
  const kind = kubernetesKind(workload)?.split(":")[1];
  const scaler = ofKind(resources, "autoscaling/v2:HorizontalPodAutoscaler").find(
    ({ props }) => at(props, "spec", "scaleTargetRef", "kind") === kind && at(props, "spec", "scaleTargetRef", "name") === nameOf(workload),
  );
  const replicas = scaler ? at(scaler.props, "spec", "minReplicas") : at(workload.props, "spec", "replicas");
  return typeof replicas === "number" ? replicas : 1;
}

function tooFew(workload: Declared, resources: readonly Declared[]): string[] {
  const replicas = leastReplicas(workload, resources);
  return replicas >= 2 ? [] : [`may have ${replicas} pod only`];
}

function unspread(workload: Declared): string[] {
  const pod = at(podTemplate(workload), "spec");
  const byNode = (term: unknown) => at(term, "topologyKey") === "kubernetes.io/hostname";
  const apart = [
    ...listAt(pod, "topologySpreadConstraints"),
    ...listAt(pod, "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"),
    ...listAt(pod, "affinity", "podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution").map((term) =>
      at(term, "podAffinityTerm"),
    ),
  ];
  return apart.some(byNode) ? [] : ["is not spread over nodes"];
}

function unguarded(workload: Declared, resources: readonly Declared[]): string[] {
  const budgets = ofKind(resources, "policy/v1:PodDisruptionBudget").filter((budget) => selects(budget, workload));
  const [budget] = budgets;
  if (!budget) return ["has no PodDisruptionBudget"];
  if (budgets.length > 1) return ["has several PodDisruptionBudgets, so none of its pods can be evicted"];
  const maxUnavailable = at(budget.props, "spec", "maxUnavailable");
  const minAvailable = at(budget.props, "spec", "minAvailable");
  if (maxUnavailable === unknown || minAvailable === unknown) return [];
  const replicas = leastReplicas(workload, resources);
  const leaving = given(maxUnavailable) ? pods(maxUnavailable, replicas) : replicas - pods(minAvailable, replicas);
  if (leaving < 1) return ["has a PodDisruptionBudget that lets no pod go"];
  return leaving > 1 ? [`has a PodDisruptionBudget that lets ${leaving} pods go at a time`] : [];
}

/** Pods that a number or a percentage of a budget means; percentages are rounded up, as Kubernetes does. */
function pods(amount: unknown, replicas: number): number {
  if (typeof amount === "number") return amount;
  const share = typeof amount === "string" ? /^(\d+)%$/.exec(amount)?.[1] : undefined;
  return share === undefined ? 0 : Math.ceil((Number(share) * replicas) / 100);
}

const selects = (budget: Declared, workload: Declared): boolean => covers(at(budget.props, "spec", "selector", "matchLabels"), workload);

const ingressAsksLogin: StackRule = {
  name: "ingress-asks-login",
  description: "An Ingress has TLS and leads to pods that ask for a login.",
  check: (_, resources) =>
    ofKind(resources, "networking.k8s.io/v1:Ingress").flatMap((ingress) => {
      const backends = listAt(ingress.props, "spec", "rules").flatMap((rule) => listAt(rule, "http", "paths"));
      const names = [at(ingress.props, "spec", "defaultBackend"), ...backends.map((path) => at(path, "backend"))]
        .map((backend) => at(backend, "service", "name"))
        .filter(given);
      return compact([
        listAt(ingress.props, "spec", "tls").length === 0 && "has no TLS",
        ...[...new Set(names)]
          .filter((name) => !asksLogin(name, resources))
          .map((name) => `leads to ${String(name)}, which asks for no login`),
      ]).map((problem) => `${nameOf(ingress)} ${problem}`);
    }),
};

/** Whether all pods behind a Service of the stack have the list of who may log in, or are the login that asks a provider. */
function asksLogin(name: unknown, resources: readonly Declared[]): boolean {
  const service = ofKind(resources, "core/v1:Service").find((candidate) => nameOf(candidate) === name);
  const behind = resources.filter(
    (workload) => service && podTemplate(workload) && covers(at(service.props, "spec", "selector"), workload),
  );
  const hasUsers = (workload: Declared) =>
    podContainers(workload).some(({ spec }) => listAt(spec, "volumeMounts").some((mount) => at(mount, "mountPath") === paths.users));
  const isLogin = (workload: Declared) =>
    podContainers(workload).some(({ spec }) => listAt(spec, "args").some((arg) => arg === `--config=${paths.config}/${files.login}`));
  return behind.length > 0 && behind.every((workload) => hasUsers(workload) || isLogin(workload));
}

/** All rules on a whole stack. */
export const stackRules: readonly StackRule[] = [
  environmentByName,
  retentionBounds,
  samplingBounds,
  survivesLoss,
  ingressAsksLogin,
  ...securityRules,
];

/** Rung: unit. How services are, read off objects of the Kubernetes API. */
import { lastRuns, memoryByPod, podsWithLogs, serviceStates, type StackObject } from "../../../cli/running/kubernetes/objects";
import { quantity } from "../../../cli/running/kubernetes/quantity";
import type { ServiceName } from "../../../configs/topology/topology";
import { clusterSettings, controller, cronJob, healthyObjects, job, pod } from "./support/cluster-objects";

const settings = clusterSettings();
const none = new Map<string, number>();

/** How one service is where all others are healthy. */
function stateOf(service: ServiceName, ...own: StackObject[]) {
  const states = serviceStates(settings, [...healthyObjects(settings, [service]), ...own], none);
  const found = states.find((state) => state.service === service);
  if (!found) throw new Error(`no ${service}`);
  return found;
}

test("a healthy stack: every service that the settings ask for, with sums over its pods", () => {
  const objects = [
    ...healthyObjects(settings, ["otel-collector"]),
    controller("otel-collector", 2),
    pod("otel-collector", "otel-collector-a", {
      container: { restartCount: 2, lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } } },
    }),
    pod("otel-collector", "otel-collector-b", { container: { restartCount: 1 } }),
  ];
  const used = new Map([
    ["otel-collector-a", 100],
    ["otel-collector-b", 50],
  ]);
  const states = serviceStates(settings, objects, used);
  expect(states.map(({ service, state }) => [service, state])).toEqual([
    ["elasticsearch", "healthy"],
    ["elasticsearch-setup", "healthy"],
    ["elasticsearch-snapshots", "scheduled"],
    ["elasticsearch-exporter", "healthy"],
    ["jaeger", "healthy"],
    ["jaeger-collector", "healthy"],
    ["otel-sampler", "healthy"],
    ["otel-collector", "healthy"],
    ["index-cleaner", "scheduled"],
    ["service-graph", "healthy"],
    ["canary", "healthy"],
    ["alertmanager", "healthy"],
    ["prometheus", "healthy"],
  ]);
  expect(states.find(({ service }) => service === "otel-collector")).toMatchObject({
    condition: "well",
    instances: { ready: 2, wanted: 2 },
    restarts: 3,
    outOfMemory: true,
    memoryUsed: 150,
    memoryLimit: 2 * 512 * 1024 ** 2,
    image: "registry.example/otel-collector:1.2.3",
  });
});

const waiting = (reason: string, more: object = {}) => ({ ready: false, state: { waiting: { reason } }, ...more });
const killed = { lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } } };

test.each<[string, Parameters<typeof pod>[2], string, string]>([
  [
    "out of memory, again and again",
    { container: waiting("CrashLoopBackOff", killed) },
    "CrashLoopBackOff (out of memory)",
    "make logs SERVICE=jaeger",
  ],
  [
    "a crash",
    { container: waiting("CrashLoopBackOff", { lastState: { terminated: { exitCode: 1, reason: "Error" } } }) },
    "CrashLoopBackOff (exit code 1)",
    "make logs SERVICE=jaeger",
  ],
  [
    "an image that is not there",
    { container: waiting("ImagePullBackOff"), phase: "Pending" },
    "ImagePullBackOff",
    "kubectl --namespace tracing describe pod/jaeger-a",
  ],
  [
    "a Secret that is not there",
    { container: waiting("CreateContainerConfigError") },
    "CreateContainerConfigError",
    "kubectl --namespace tracing describe pod/jaeger-a",
  ],
  [
    "a volume that does not come",
    { container: waiting("ContainerCreating"), phase: "Pending" },
    "ContainerCreating",
    "kubectl --namespace tracing describe pod/jaeger-a",
  ],
  [
    "no node with room",
    {
      container: null,
      phase: "Pending",
      conditions: [
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "0/3 nodes are available: 3 Insufficient memory. preemption: none.",
        },
      ],
    },
    "no node takes it: 0/3 nodes are available: 3 Insufficient memory",
    "kubectl --namespace tracing describe pod/jaeger-a",
  ],
  ["a probe that fails", { container: { ready: false } }, "not ready", "make logs SERVICE=jaeger"],
  [
    "a config that its program refuses",
    {
      container: waiting("PodInitializing"),
      init: waiting("CrashLoopBackOff", { lastState: { terminated: { exitCode: 1 } } }),
      phase: "Pending",
    },
    "validate: CrashLoopBackOff (exit code 1)",
    "make logs SERVICE=jaeger",
  ],
])("the only pod of a service: %s", (_what, fields, trouble, next) => {
  const found = stateOf("jaeger", controller("jaeger", 1), pod("jaeger", "jaeger-a", fields));
  expect(found).toMatchObject({ state: `0 of 1 ready: ${trouble}`, condition: "down", instances: { ready: 0, wanted: 1 }, next });
});

test("of several pods the worst is told, and that some work", () => {
  const found = stateOf(
    "otel-sampler",
    controller("otel-sampler", 3, "StatefulSet"),
    pod("otel-sampler", "otel-sampler-0"),
    pod("otel-sampler", "otel-sampler-1", { container: { ready: false } }),
    pod("otel-sampler", "otel-sampler-2", { container: waiting("ErrImagePull") }),
  );
  expect(found).toMatchObject({
    state: "1 of 3 ready: ErrImagePull",
    condition: "degraded",
    next: "kubectl --namespace tracing describe pod/otel-sampler-2",
  });
});

test("a pod that is on its way out counts for nothing", () => {
  const found = stateOf("jaeger", controller("jaeger", 1), pod("jaeger", "old", { deleted: true }));
  expect(found).toMatchObject({
    state: "0 of 1 ready: no pod",
    condition: "down",
    next: "kubectl --namespace tracing describe deployment/jaeger",
  });
});

test("a roll is no trouble, one that does not come to its end is", () => {
  const rolling = controller("jaeger", 1, "Deployment", { observedGeneration: 3, updatedReplicas: 0 });
  const coming = pod("jaeger", "new", { container: waiting("ContainerCreating"), phase: "Pending" });
  expect(stateOf("jaeger", rolling, pod("jaeger", "old"), coming)).toMatchObject({ state: "healthy, being rolled out", condition: "well" });
  const stuck = pod("jaeger", "new", { container: waiting("CrashLoopBackOff") });
  expect(stateOf("jaeger", rolling, pod("jaeger", "old"), stuck)).toMatchObject({
    state: "1 of 1 ready: CrashLoopBackOff",
    condition: "degraded",
  });
});

test("a service scaled to 0: the suggested command has the replicas of the settings", () => {
  expect(stateOf("jaeger-collector", controller("jaeger-collector", 0))).toMatchObject({
    state: "scaled to 0",
    condition: "down",
    next: "kubectl --namespace tracing scale deployment/jaeger-collector --replicas=2",
  });
});

test("a service that is not there is missing; that of another stack is none of ours", () => {
  expect(stateOf("jaeger")).toMatchObject({ state: "missing", condition: "down", next: "pulumi up -s dev --policy-pack policy" });
});

describe("a daily service", () => {
  const cron = cronJob("index-cleaner", { lastSuccessfulTime: "2026-11-28T03:00:20Z" });
  const failed = job("index-cleaner", "index-cleaner-2", "Failed", "2026-11-29T03:00:00Z");
  const good = job("index-cleaner", "index-cleaner-1", "Complete", "2026-11-28T03:00:00Z");

  test.each<[string, StackObject[], string, string]>([
    ["between its runs", [cron, good], "scheduled", "well"],
    ["that has not run yet", [cron], "scheduled", "well"],
    ["whose last run failed", [cron, good, failed], "last run failed", "degraded"],
    [
      "that has failed before",
      [cron, failed, job("index-cleaner", "index-cleaner-3", "Complete", "2026-11-30T03:00:00Z")],
      "scheduled",
      "well",
    ],
    ["that runs", [cron, job("index-cleaner", "index-cleaner-3", "active", "2026-11-30T03:00:00Z")], "running", "well"],
    [
      "that cannot run",
      [
        cron,
        job("index-cleaner", "index-cleaner-3", "active", "2026-11-30T03:00:00Z"),
        pod("index-cleaner", "index-cleaner-3-x", { job: "index-cleaner-3", container: waiting("ImagePullBackOff") }),
      ],
      "running: ImagePullBackOff",
      "degraded",
    ],
    ["that somebody has suspended", [cronJob("index-cleaner", { suspend: true })], "suspended", "down"],
  ])("%s", (_what, own, state, condition) => {
    expect(stateOf("index-cleaner", ...own)).toMatchObject({ state, condition });
  });

  test("its last runs", () => {
    const since = Date.parse("2026-11-20T10:00:00Z") / 1000;
    expect(lastRuns([cron, good, failed], "index-cleaner")).toEqual({
      success: Date.parse("2026-11-28T03:00:20Z") / 1000,
      result: "failed",
      since,
    });
    expect(lastRuns([cronJob("index-cleaner")], "index-cleaner")).toEqual({ success: undefined, result: undefined, since });
    const byHand = job("index-cleaner", "by-hand", "Complete", "2026-11-29T12:00:00Z");
    expect(lastRuns([cron, failed, byHand], "index-cleaner")).toMatchObject({
      success: Date.parse("2026-11-29T12:00:00Z") / 1000,
      result: 0,
    });
    expect(lastRuns([], "index-cleaner")).toEqual({ success: undefined, result: undefined, since: undefined });
  });

  test("only its last run's pods have a log that is shown", () => {
    const pods = ["index-cleaner-1", "index-cleaner-2"].map((name) => pod("index-cleaner", `${name}-x`, { job: name, phase: "Succeeded" }));
    expect(podsWithLogs([cron, good, failed, ...pods], "index-cleaner")).toEqual(["index-cleaner-2-x"]);
  });
});

test.each([
  ["512Mi", 512 * 2 ** 20],
  ["1.5Gi", 1.5 * 2 ** 30],
  ["123456Ki", 123456 * 1024],
  ["129M", 129e6],
  ["129e6", 129e6],
  ["1000", 1000],
  ["128974848000m", 128974848],
  ["", undefined],
  ["lots", undefined],
  ["1Qi", undefined],
  [undefined, undefined],
])("the quantity %s", (text, bytes) => {
  expect(quantity(text)).toBe(bytes);
});

test("memory by pod, from the metrics API", () => {
  const items = [
    {
      metadata: { name: "jaeger-a" },
      containers: [
        { name: "jaeger", usage: { cpu: "3m", memory: "1024Ki" } },
        { name: "sidecar", usage: { cpu: "1m", memory: "1Mi" } },
      ],
    },
    { metadata: { name: "jaeger-b" }, containers: [{ name: "jaeger", usage: {} }] },
  ];
  expect([...memoryByPod({ items })]).toEqual([["jaeger-a", 2 * 2 ** 20]]);
  expect(memoryByPod({}).size).toBe(0);
});

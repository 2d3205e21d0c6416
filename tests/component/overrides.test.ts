/** Rung: component. What stack config adds to single services: in their pods, their container and their config file, and nowhere else; or refused. */
import { parse } from "yaml";
import type { Recorded } from "../../render/record";
import { runProgram, type Run } from "./support/program";

const config = {
  processors: { "redaction/pii": { allow_all_keys: true } },
  service: { pipelines: { "traces/received": { processors: ["...", "redaction/pii"] } } },
};

/** Inputs of all resources as text, by type and name. */
const all = ({ resources }: Run) => new Map(resources.map(({ name, type, inputs }) => [`${type} ${name}`, JSON.stringify(inputs)]));

const changed = (before: Run, after: Run) => {
  const [one, other] = [all(before), all(after)];
  return [...other].filter(([key, text]) => one.get(key) !== text).map(([key]) => key.split(" ")[1] ?? "");
};

test("on Kubernetes they are in the pods of that service, beside what the stack sets", async () => {
  const before = await runProgram("prod");
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } };
  const override = {
    nodeSelector: { pool: "tracing" },
    tolerations: [{ key: "dedicated", operator: "Exists" }],
    affinity,
    priorityClass: "important",
    annotations: { "example.com/owner": "platform" },
    labels: { team: "observability" },
    env: { HTTPS_PROXY: "http://proxy:3128" },
    volumes: [{ name: "extra", path: "/etc/extra", configMap: "extra" }],
    config,
  };
  const after = await runProgram("prod", { overrides: { "otel-sampler": override } });
  expect(changed(before, after).sort()).toEqual(["tracing-otel-sampler", "tracing-otel-sampler-config"]);
  const { template } = after.get("tracing-otel-sampler", "kubernetes:apps/v1:StatefulSet").inputs.spec as {
    template: { metadata: object; spec: { affinity: object; containers: { env: object[]; volumeMounts: object[] }[]; volumes: object[] } };
  };
  expect(template.metadata).toMatchObject({
    annotations: { "example.com/owner": "platform" },
    labels: { team: "observability", "app.kubernetes.io/name": "otel-sampler" },
  });
  expect(template.spec).toMatchObject({
    nodeSelector: { pool: "tracing" },
    tolerations: [{ key: "dedicated", operator: "Exists" }],
    priorityClassName: "important",
  });
  expect(Object.keys(template.spec.affinity).sort()).toEqual(["nodeAffinity", "podAntiAffinity"]);
  expect(template.spec.containers[0]?.env).toContainEqual({ name: "HTTPS_PROXY", value: "http://proxy:3128" });
  expect(template.spec.volumes).toContainEqual({ name: "custom-extra", configMap: { name: "extra" } });
  expect(template.spec.containers[0]?.volumeMounts).toContainEqual({ name: "custom-extra", mountPath: "/etc/extra", readOnly: true });
  const { data } = after.get("tracing-otel-sampler-config").inputs as { data: Record<string, string> };
  const { service } = parse(data["otel-config.yml"] ?? "") as { service: { pipelines: Record<string, { processors: string[] }> } };
  const { processors = [] } = service.pipelines["traces/received"] ?? {};
  expect([processors[0], processors.at(-1)]).toEqual(["memory_limiter", "redaction/pii"]);
});

test("on Docker they are in the container of that service, and replace nothing else", async () => {
  const before = await runProgram("dev");
  const after = await runProgram("dev", {
    overrides: { "otel-collector": { labels: { team: "a" }, env: { HTTPS_PROXY: "http://p:1" }, config } },
  });
  expect(changed(before, after).sort()).toEqual(["tracing-otel-collector", "tracing-otel-collector-config-upload"]);
  const { envs, labels } = after.container("otel-collector").inputs as { envs: string[]; labels: object[] };
  expect(envs).toContain("HTTPS_PROXY=http://p:1");
  expect(labels).toContainEqual({ label: "team", value: "a" });
});

test("overrides that would break the stack are refused together, and no resource is made", async () => {
  const recorded: Recorded[] = [];
  const overrides = {
    "otel-collector": {
      env: { GOMEMLIMIT: "1GiB" },
      labels: { "app.kubernetes.io/name": "x" },
      config: { processors: { memory_limiter: { limit_mib: 1000 } } },
      volumes: [
        { name: "a", path: "/etc/tracing/config", configMap: "a" },
        { name: "a", path: "/b", configMap: "a", secret: "b" },
      ],
    },
    elasticsearch: { config: { a: 1 } },
    "jaeger-collector": { env: { A: "b" } },
  };
  const message = await runProgram("staging", { overrides }, { recorded }).then(
    () => "",
    (error: unknown) => (error as Error).message,
  );
  const keys = message.split("\n").map((line) => /tracing:overrides\.(\S+): found/.exec(line)?.[1]);
  expect(keys).toEqual([
    undefined,
    "elasticsearch.config",
    "jaeger-collector",
    "otel-collector.env.GOMEMLIMIT",
    "otel-collector.labels.app.kubernetes.io/name",
    "otel-collector.volumes[0].path",
    "otel-collector.volumes[1].name",
    "otel-collector.volumes[1]",
    "otel-collector.config.processors.memory_limiter.limit_mib",
  ]);
  expect(message).toMatch(/^8 errors in the config of stack "staging":/);
  expect(recorded.filter(({ type }) => !/^(pulumi:|tracing:)/.test(type)).map(({ name }) => name)).toEqual([]);
});

test("on Docker, what only a cluster has is refused", async () => {
  const run = runProgram("dev", { overrides: { jaeger: { nodeSelector: { a: "b" }, annotations: { c: "d" } } } });
  await expect(run).rejects.toThrow(
    [
      '2 errors in the config of stack "dev":',
      '  - tracing:overrides.jaeger.nodeSelector: found {"a":"b"}; allowed: nothing on docker',
      '  - tracing:overrides.jaeger.annotations: found {"c":"d"}; allowed: nothing on docker',
    ].join("\n"),
  );
});

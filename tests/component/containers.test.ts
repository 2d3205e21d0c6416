/** Rung: component. How each container of the dev stack runs: rights, memory, health, files, images. */
import { images } from "../../configs/images";
import { parseSettings } from "../../configs/stack/parse";
import type { Recorded } from "../../render/record";
import { runProgram, services, types, type Mount, type Run } from "./support/program";

let run: Run;
let helpers: Recorded[];

beforeAll(async () => {
  run = await runProgram("dev");
  const own = services.map((service) => run.container(service).urn);
  helpers = run.ofType(types.container).filter(({ urn }) => !own.includes(urn));
});

const inputs = (service: string) => run.container(service).inputs;
/** An input of each service, by service. */
const each = (input: string) => Object.fromEntries(services.map((service) => [service, inputs(service)[input]]));
const all = (value: unknown) => Object.fromEntries(services.map((service) => [service, value]));
const labelsOf = (resource: Recorded) =>
  Object.fromEntries((resource.inputs.labels as { label: string; value: string }[]).map(({ label, value }) => [label, value]));

describe("a service", () => {
  test("has no capability, and gains no rights", () => {
    expect(each("capabilities")).toEqual(all({ drops: ["ALL"] }));
    expect(each("securityOpts")).toEqual(all(["no-new-privileges:true"]));
  });

  test("is not root, but the user that its image is made for", () => {
    const users = each("user");
    expect(Object.values(users).filter((user) => /^0?:|^0$|root/.test(String(user)))).toEqual([]);
    const of = (name: keyof typeof images) => `${images[name].user.uid}:${images[name].user.gid}`;
    expect(users).toEqual({
      elasticsearch: of("elasticsearch"),
      "elasticsearch-setup": of("elasticsearch"),
      "elasticsearch-snapshots": of("elasticsearch"),
      "elasticsearch-exporter": of("elasticsearch-exporter"),
      jaeger: of("jaeger"),
      "otel-collector": of("otel-collector"),
      "index-cleaner": of("jaeger-es-index-cleaner"),
      "service-graph": of("elasticsearch"),
      canary: of("jaeger-es-index-cleaner"),
      prometheus: of("prometheus"),
      perses: of("perses"),
    });
  });

  test("cannot write to its root file system; Elasticsearch alone must, for its keystore", () => {
    expect(each("readOnly")).toEqual({ ...all(true), elasticsearch: false });
  });

  test("has the memory that the settings say, and no swap beside it", () => {
    const settings = parseSettings("dev", { "tracing:platform": "docker", "tracing:environment": "development" });
    expect(each("memory")).toEqual({
      elasticsearch: settings.elasticsearch.memory,
      "elasticsearch-setup": 64,
      "elasticsearch-snapshots": 64,
      "elasticsearch-exporter": 64,
      jaeger: settings.jaeger.memory,
      "otel-collector": settings.collector.memory,
      "index-cleaner": 64,
      "service-graph": 64,
      canary: 20,
      prometheus: settings.prometheus.memory,
      perses: 96,
    });
    expect(each("memorySwap")).toEqual(each("memory"));
  });

  test("has a limit of open files where nothing else limits connections", () => {
    expect(each("ulimits")).toEqual({ ...all(undefined), perses: [{ name: "nofile", soft: 1024, hard: 1024 }] });
  });

  test("shares 2 GiB with the other services, but for seven small helpers of theirs", () => {
    const small = [
      ...["canary", "index-cleaner", "elasticsearch-exporter", "elasticsearch-setup", "elasticsearch-snapshots"],
      ...["perses", "service-graph"],
    ];
    const four = services.filter((service) => !small.includes(service)).map((service) => Number(inputs(service).memory));
    expect(four).toHaveLength(4);
    expect(four.reduce((sum, memory) => sum + memory)).toBeLessThanOrEqual(2048);
  });

  test("gives Elasticsearch half of its memory as heap: 512 MB, in one node", () => {
    const { memory, envs } = inputs("elasticsearch") as { memory: number; envs: string[] };
    expect(memory).toBe(1024);
    expect(envs).toEqual(expect.arrayContaining(["ES_JAVA_OPTS=-Xms512m -Xmx512m", "discovery.type=single-node"]));
  });

  test("restarts after a crash and a reboot, stays stopped when stopped, and has time to drain", () => {
    expect(each("restart")).toEqual(all("unless-stopped"));
    const short = {
      canary: 10,
      "index-cleaner": 10,
      "elasticsearch-exporter": 10,
      "elasticsearch-setup": 5,
      "elasticsearch-snapshots": 5,
      "service-graph": 5,
      perses: 5,
    };
    expect(each("stopTimeout")).toEqual({ ...all(30), elasticsearch: 60, ...short });
    expect(each("destroyGraceSeconds")).toEqual(each("stopTimeout"));
  });

  test("cannot fill the disk with its log", () => {
    expect(each("logDriver")).toEqual(all("json-file"));
    expect(each("logOpts")).toEqual(all({ "max-size": "10m", "max-file": "3" }));
  });

  test("is replaced if the provider cannot apply a change, and never runs twice", () => {
    for (const service of services) {
      expect(run.container(service)).toMatchObject({ replaceOnChanges: ["healthcheck", "tmpfs"], deleteBeforeReplace: true });
    }
  });

  test("has a name that says its stack, and its own name on the networks", () => {
    expect(each("name")).toEqual(Object.fromEntries(services.map((service) => [service, `tracing-dev-${service}`])));
    expect(each("hostname")).toEqual(Object.fromEntries(services.map((service) => [service, service])));
  });

  test("runs the image that its resource has taken, by its id", () => {
    const taken = new Map(run.ofType(types.image).map(({ inputs: { name }, urn }) => [name, urn]));
    for (const service of services) expect(run.container(service).dependencies).toContain(taken.get(inputs(service).image));
  });

  test("that has no shell in its image finds the tools by name", () => {
    const paths = services.map((service) => [service, (inputs(service).envs as string[]).filter((env) => env.startsWith("PATH="))]);
    expect(Object.fromEntries(paths)).toEqual({
      ...all([]),
      "otel-collector": ["PATH=/opt/tracing/tools"],
      perses: ["PATH=/opt/tracing/tools"],
    });
  });

  test("has its environment in an order of its own", () => {
    for (const service of services) expect(inputs(service).envs).toEqual([...(inputs(service).envs as string[])].sort());
  });
});

describe("health", () => {
  const check = (service: string) => inputs(service).healthcheck as { tests: string[]; retries: number; startPeriod: string } | undefined;

  test("is checked in each service that answers, by tools that no image must have", () => {
    const scripts = services.map((service) => [service, check(service)?.tests.at(-1)]);
    expect(Object.fromEntries(scripts)).toEqual({
      elasticsearch: expect.stringContaining("GET /_cluster/health?wait_for_status=yellow") as string,
      "elasticsearch-setup": "[ -e /tmp/done ]",
      "elasticsearch-snapshots": undefined,
      "elasticsearch-exporter": "wget -q -O /dev/null http://127.0.0.1:9114/healthz",
      jaeger: "wget -q -O /dev/null http://127.0.0.1:13133/status",
      "otel-collector": "wget -q -O /dev/null http://127.0.0.1:13133/healthz",
      "index-cleaner": undefined,
      "service-graph": "[ -e /tmp/started ]",
      canary: undefined,
      prometheus: "wget -q -O /dev/null http://127.0.0.1:9090/-/ready",
      perses: "wget -q -O /dev/null http://127.0.0.1:8080/api/v1/health",
    });
    for (const service of services.filter((name) => !["canary", "index-cleaner", "elasticsearch-snapshots"].includes(name))) {
      expect(check(service)?.tests.slice(0, -1)).toEqual(["CMD", "/opt/tracing/tools/env", "PATH=/opt/tracing/tools", "sh", "-c"]);
    }
  });

  test("is waited for, longer than a slow start takes", () => {
    expect(each("wait")).toEqual({ ...all(true), canary: undefined, "index-cleaner": undefined, "elasticsearch-snapshots": undefined });
    const seconds = (text: string) =>
      [...text.matchAll(/(\d+)([ms])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * (unit === "m" ? 60 : 1), 0);
    for (const service of services) {
      const healthcheck = check(service);
      if (healthcheck) expect(inputs(service).waitTimeout).toBeGreaterThan(seconds(healthcheck.startPeriod));
    }
    expect(inputs("elasticsearch").waitTimeout).toBeGreaterThanOrEqual(180);
  });
});

describe("volumes", () => {
  const volumes = (resource: Recorded) => resource.inputs.volumes as Mount[];

  test("that are mounted are the stack's, and all of them are mounted", () => {
    const mounted = new Set(run.ofType(types.container).flatMap((container) => volumes(container).map(({ volumeName }) => volumeName)));
    expect([...mounted].sort()).toEqual(
      run
        .ofType(types.volume)
        .map(({ inputs: { name } }) => name)
        .sort(),
    );
  });

  test("can be written by a service where its data lies, and nowhere else", () => {
    const writable = services.map((service) => [service, run.mountsOf(service).filter(({ readOnly }) => !readOnly)]);
    const data = (service: string, containerPath: string) => [{ volumeName: `tracing-dev-${service}-data`, containerPath }];
    expect(Object.fromEntries(writable)).toEqual({
      elasticsearch: [
        ...data("elasticsearch", "/usr/share/elasticsearch/data"),
        { volumeName: "tracing-dev-elasticsearch-snapshots", containerPath: "/usr/share/elasticsearch/snapshots" },
      ],
      "elasticsearch-setup": [],
      "elasticsearch-snapshots": data("elasticsearch-snapshots", "/var/lib/elasticsearch-snapshots"),
      "elasticsearch-exporter": [],
      jaeger: [],
      "otel-collector": data("otel-collector", "/var/lib/otelcol"),
      "index-cleaner": data("index-cleaner", "/var/lib/index-cleaner"),
      "service-graph": [],
      canary: [],
      prometheus: data("prometheus", "/prometheus"),
      perses: data("perses", "/perses"),
    });
  });

  test("hold every file that a service is told to read", () => {
    const words = services.flatMap((service) =>
      ([inputs(service).entrypoints, inputs(service).command].flat() as (string | undefined)[]).map((word) => ({
        service,
        file: /\/etc\/tracing\/config\/[\w.-]+/.exec(word ?? "")?.[0],
      })),
    );
    const files = words.filter(({ file }) => file !== undefined);
    const uploads = run.ofType(types.container).flatMap((container) => (container.inputs.uploads ?? []) as { file: string }[]);
    expect(files.map(({ service }) => service).sort()).toEqual([
      "canary",
      "elasticsearch-setup",
      "elasticsearch-snapshots",
      "index-cleaner",
      "jaeger",
      "otel-collector",
      "perses",
      "prometheus",
      "service-graph",
    ]);
    for (const { service, file } of files) {
      expect(uploads.map((upload) => upload.file)).toContain(file);
      expect(run.mountsOf(service).map(({ containerPath }) => containerPath)).toContain("/etc/tracing/config");
    }
  });
});

describe("a helper", () => {
  test("reaches no network, gains no rights and takes little memory", () => {
    expect(helpers).toHaveLength(29);
    for (const { inputs: helper } of helpers) {
      expect(helper).toMatchObject({
        networkMode: "none",
        securityOpts: ["no-new-privileges:true"],
        memory: 32,
        memorySwap: 32,
        restart: "no",
        mustRun: false,
      });
      expect(helper).not.toHaveProperty("ports");
      expect(helper).not.toHaveProperty("networksAdvanced");
    }
  });

  test("that uploads is never started", () => {
    const uploaders = helpers.filter(({ inputs: helper }) => helper.uploads);
    expect(uploaders).toHaveLength(18);
    expect(new Set(uploaders.map(({ inputs: { start } }) => start))).toEqual(new Set([false]));
  });

  test("that runs may change owners and nothing else, and is waited for to its end", () => {
    const tasks = helpers.filter(({ inputs: helper }) => !helper.uploads);
    // The canary has neither data nor secrets.
    const prepared = services.filter((service) => service !== "canary");
    expect(tasks.map(({ name }) => name).sort()).toEqual(["docker", ...prepared].map((service) => `tracing-${service}-prepare`).sort());
    for (const { inputs: task } of tasks)
      expect(task).toMatchObject({ capabilities: { adds: ["CAP_CHOWN"], drops: ["ALL"] }, attach: true });
  });
});

describe("images", () => {
  const names = (of: Run) =>
    of
      .ofType(types.image)
      .map(({ inputs: { name } }) => name)
      .sort();

  test("come from their projects' registries, and stay when the stack goes", () => {
    // Dev delivers no alerts, and asks neither senders nor people for a credential.
    expect(names(run)).toHaveLength(Object.keys(images).length - 3);
    expect(names(run)).toContain("docker.io/jaegertracing/jaeger:2.21.0");
    for (const { inputs: image } of run.ofType(types.image)) expect(image.keepLocally).toBe(true);
  });

  test("come from a mirror, or from the engine, where the settings say so", async () => {
    const mirrored = await runProgram("dev", { imageRegistry: "mirror:5000/hub" });
    const local = await runProgram("dev", { images: "local" });
    expect(names(mirrored).every((name) => String(name).startsWith("mirror:5000/hub/"))).toBe(true);
    expect(names(local).every((name) => String(name).startsWith("tracing/"))).toBe(true);
  });
});

test("every object in the engine has labels for its stack and its role", () => {
  const held = [types.container, types.volume, types.network].flatMap((type) => run.ofType(type));
  expect(new Set(held.map((resource) => labelsOf(resource)["tracing.stack"]))).toEqual(new Set(["dev"]));
  const roles = (type: string) => [...new Set(run.ofType(type).map((resource) => labelsOf(resource)["tracing.role"]))].sort();
  expect([roles(types.container), roles(types.volume), roles(types.network)]).toEqual([["helper", "service"], ["volume"], ["network"]]);
  for (const service of services) expect(labelsOf(run.container(service))["tracing.service"]).toBe(service);
});

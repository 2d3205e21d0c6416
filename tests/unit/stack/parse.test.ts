/** Rung: unit. Stack config as settings: defaults, and every error with its key, what was found and what is allowed. */
import { parseSettings, SettingsError } from "../../../configs/stack/parse";
import { serviceNames } from "../../../configs/topology/topology";
import { minimal, problemsOf, settingsWith } from "../../support/settings";

describe("settings of a minimal config", () => {
  test("are the defaults", () => {
    expect(parseSettings("dev", minimal)).toEqual({
      stack: "dev",
      platform: "docker",
      environment: "development",
      retention: 7,
      images: "official",
      otherImages: {},
      imageDigests: "required",
      overrides: Object.fromEntries(serviceNames.map((name) => [name, {}])),
      publish: { address: "127.0.0.1", offset: 0, ports: {} },
      sampling: {
        default: 100,
        errors: 100,
        operations: [],
        services: [],
        decide: "collector",
        expected: { spansPerTrace: 10, bytesPerSpan: 700, errors: 1, average: 100, longestTrace: 5000 },
      },
      kubernetes: {
        namespace: "tracing",
        volumes: "keep",
        pullSecrets: [],
        nodes: "preferred",
        zones: "preferred",
        dns: { namespace: "kube-system", ports: [53], addresses: ["169.254.20.10"] },
        tls: { certificates: "cert-manager" },
      },
      elasticsearch: {
        memory: 1024,
        cpu: 1000,
        nodes: 1,
        storage: 10_240,
        tls: "off",
        certificateSecret: "elasticsearch-tls",
        passwordVersion: 1,
        snapshots: { store: "off", storage: 20_480, hour: 5, retention: 7 },
        bootstrap: false,
      },
      collector: { memory: 256, cpu: 500, queue: 391, debug: "off", replicas: 1 },
      limits: { request: 4, attributes: 128, events: 128, links: 1000, keyBytes: 256, valueBytes: 32_766, clockSkew: 3_600_000 },
      redaction: {
        ...{ headers: true, credentials: true, emails: true, cards: true },
        ...{ nationalIdentifiers: [], allow: [], deny: { keys: [], patterns: [] } },
      },
      sampler: { replicas: 0, memory: 512, cpu: 500 },
      jaeger: {
        memory: 512,
        cpu: 500,
        replicas: 1,
        collectors: 0,
        tags: [
          "correlation_id",
          "http.method",
          "http.request.method",
          "http.response.status_code",
          "http.route",
          "http.status_code",
          "url.path",
        ],
        monitor: true,
        dependencies: true,
        links: [],
      },
      prometheus: {
        mode: "own",
        operator: { namespace: "monitoring", labels: {} },
        memory: 256,
        cpu: 500,
        retention: 15,
        storage: 2048,
      },
      indexCleaner: { hour: 3 },
      alerts: { receivers: [] },
      ingest: { senders: [], connectionsPerAddress: 512, tls: { mode: "off", certificates: "cert-manager", names: [] } },
      canary: { interval: 15 },
      objectives: { completeness: 99.9, freshness: 95, queries: 99 },
      dashboards: {},
    });
  });

  test("stay the defaults where an empty text or an empty group stands", () => {
    const empty = {
      ...minimal,
      "tracing:retention": "",
      "tracing:imageRegistry": "",
      "tracing:sampling": "{}",
      "tracing:publish": '{"ports":{}}',
    };
    expect(parseSettings("dev", empty)).toEqual(parseSettings("dev", minimal));
  });

  test("are frozen at every depth", () => {
    const settings = settingsWith({ sampling: { operations: [{ operation: "GET /a", percent: 1 }] } });
    const thaw: object[] = [];
    const visit = (value: unknown) => {
      if (typeof value !== "object" || value === null) return;
      if (!Object.isFrozen(value)) thaw.push(value);
      Object.values(value).forEach(visit);
    };
    visit(settings);
    expect(thaw).toEqual([]);
    expect(() => settings.jaeger.tags.push("more")).toThrow(TypeError);
  });

  test("do not depend on other namespaces", () => {
    const foreign = { "docker:host": "unix:///x", "trace:retention": "1d", "tracing2:platform": "x", retention: "1d" };
    expect(parseSettings("dev", { ...minimal, ...foreign })).toEqual(parseSettings("dev", minimal));
  });
});

describe("a config with values in all groups", () => {
  test("becomes settings in the units of the program", () => {
    const settings = settingsWith({
      retention: "30d",
      images: "local",
      imageRegistry: "mirror.example.com:5000/hub",
      publish: { address: "0.0.0.0", ports: { prometheus: 9090, "jaeger-ui": "8080" } },
      sampling: { default: "12.5", errors: 99.5, operations: [{ operation: "POST  /a/*", percent: "0" }] },
      elasticsearch: { memory: "2Gi" },
      collector: { memory: "512Mi", queue: "1Gi", debug: "basic" },
      jaeger: { memory: "1Gi", tags: ["a.b-c_d"] },
      prometheus: { memory: "128Mi", retention: "2d", storage: "1024Gi" },
      indexCleaner: { hour: 0 },
    });
    expect(settings).toMatchObject({
      retention: 30,
      images: "local",
      imageRegistry: "mirror.example.com:5000/hub",
      publish: { address: "0.0.0.0", offset: 0, ports: { prometheus: 9090, "jaeger-ui": 8080 } },
      sampling: { default: 12.5, errors: 99.5, operations: [{ operation: { text: "POST /a/*", method: "POST" }, percent: 0 }] },
      elasticsearch: { memory: 2048 },
      collector: { memory: 512, queue: 1024, debug: "basic" },
      jaeger: { memory: 1024, tags: ["a.b-c_d"] },
      prometheus: { memory: 128, retention: 2, storage: 1_048_576 },
      indexCleaner: { hour: 0 },
    });
  });
});

describe("errors", () => {
  test("are all told at once, each with key, what was found and what is allowed", () => {
    const bad = {
      platform: "podman",
      environment: "dev",
      retention: "7days",
      sampling: { default: 101, operations: [{ operation: "post /a", percent: 5 }] },
      jaeger: { memory: "512MB" },
      indexCleaner: { hour: 24 },
    };
    const expected = [
      'tracing:platform: found "podman"; allowed: one of docker, kubernetes',
      'tracing:environment: found "dev"; allowed: one of development, staging, production',
      'tracing:retention: found "7days"; allowed: days from 1d to 365d, such as 7d',
      "tracing:sampling.default: found 101; allowed: a percentage from 0 to 100 with at most two decimals",
      'tracing:sampling.operations[0].operation: found "post /a"; allowed: METHOD /path, such as POST /api/auth/login; ' +
        "* stands for one path segment, ** for any number",
      'tracing:jaeger.memory: found "512MB"; allowed: a size from 128Mi to 32Gi',
      "tracing:indexCleaner.hour: found 24; allowed: an hour of the day, UTC, from 0 to 23",
    ];
    expect(problemsOf(bad)).toEqual(expected);
  });

  test("stand in one message that names the stack", () => {
    const attempt = () => parseSettings("qa", { "tracing:platform": "docker", "tracing:environment": "x", "tracing:retention": "0d" });
    expect(attempt).toThrow(SettingsError);
    expect(attempt).toThrow(
      '2 errors in the config of stack "qa":\n' +
        '  - tracing:environment: found "x"; allowed: one of development, staging, production\n' +
        '  - tracing:retention: found "0d"; allowed: days from 1d to 365d, such as 7d',
    );
  });

  test("are counted in words: one is 1 error", () => {
    expect(() => parseSettings("qa", { ...minimal, "tracing:retention": "x" })).toThrow(/^1 error in the config/);
  });

  test("name what is required and missing", () => {
    expect(problemsOf({}, {})).toEqual([
      "tracing:platform: missing; allowed: one of docker, kubernetes",
      "tracing:environment: missing; allowed: one of development, staging, production",
    ]);
    expect(problemsOf({ sampling: { operations: [{}] } })).toEqual([
      expect.stringContaining("tracing:sampling.operations[0].operation: missing"),
      expect.stringContaining("tracing:sampling.operations[0].percent: missing"),
    ]);
  });
});

describe("an unknown key", () => {
  const topLevel =
    "platform, environment, retention, images, imageRegistry, otherImages, imageDigests, publish, sampling, " +
    "kubernetes, elasticsearch, collector, limits, redaction, sampler, jaeger, prometheus, indexCleaner, alerts, ingest, login, canary, objectives, dashboards";

  test.each<[string, Record<string, unknown>, string]>([
    [
      "at the top, named like a part of every object",
      { constructor: "x" },
      `tracing:constructor: no such setting; allowed here: ${topLevel}`,
    ],
    [
      "at the top, named like an object's prototype",
      { ["__proto__"]: "x" },
      `tracing:__proto__: no such setting; allowed here: ${topLevel}`,
    ],
  ])("%s is an error that lists what is allowed there", (_where, groups, message) => {
    const problems = problemsOf(groups);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.startsWith(message)).toBe(true);
  });

  test("is named for each of several", () => {
    expect(problemsOf({ collector: { a: 1, b: 2 } })).toEqual([
      "tracing:collector.a: no such setting; allowed here: memory, cpu, queue, debug, replicas, maxReplicas",
      "tracing:collector.b: no such setting; allowed here: memory, cpu, queue, debug, replicas, maxReplicas",
    ]);
  });
});

describe("a group", () => {
  test.each<[string, unknown]>([
    ["text that is no JSON", "default: 10"],
    ["a broken object", "{"],
    ["a list", []],
    ["null", null],
    ["a number", 5],
  ])("that is %s is an error", (_what, value) => {
    expect(problemsOf({ sampling: value })).toEqual([`tracing:sampling: found ${JSON.stringify(value)}; allowed: a group of settings`]);
  });

  test("in place of a list is an error", () => {
    expect(problemsOf({ sampling: { operations: { "GET /a": 1 } } })).toEqual([
      'tracing:sampling.operations: found {"GET /a":1}; allowed: a list',
    ]);
  });
});

describe("rules between settings", () => {
  test("two programs cannot have one port of the host", () => {
    expect(problemsOf({ publish: { ports: { prometheus: 9200, "jaeger-ui": 9200 } } })).toEqual([
      "tracing:publish.ports.jaeger-ui: found 9200, which elasticsearch has; allowed: a port of its own",
      "tracing:publish.ports.prometheus: found 9200, which jaeger-ui has; allowed: a port of its own",
    ]);
  });

  test("two programs may trade their ports", () => {
    expect(problemsOf({ publish: { ports: { elasticsearch: 9091, prometheus: 9200 } } })).toEqual([]);
  });

  test.each([
    ["the same text", "POST /a", "POST /a"],
    ["more blanks", "POST /a", "POST   /a"],
    ["a slash at the end", "POST /a", "POST /a/"],
    ["a route part for *", "POST /a/*", "POST /a/<int:id>"],
  ])("an operation stands once: %s is the same", (_what, one, other) => {
    const operations = [
      { operation: one, percent: 1 },
      { operation: "GET /a", percent: 1 },
      { operation: other, percent: 1 },
    ];
    const [problem, ...more] = problemsOf({ sampling: { operations } });
    expect(problem).toMatch(
      /^tracing:sampling\.operations\[2\]\.operation: found ".*", which operations\[0\] has already; allowed: each operation once$/,
    );
    expect(more).toEqual([]);
  });

  test.each(["", "Dev", "1dev", "dev stack", "dev_1", "x".repeat(31)])("a stack cannot be called %j", (stack) => {
    expect(() => parseSettings(stack, minimal)).toThrow(
      `stack name: found ${JSON.stringify(stack)}; allowed: lower-case letters, digits and dashes, 30 at most, a letter first`,
    );
  });

  test.each(["dev", "pr-12", "x".repeat(30)])("a stack can be called %j", (stack) => {
    expect(parseSettings(stack, minimal).stack).toBe(stack);
  });
});

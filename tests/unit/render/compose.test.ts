/** Rung: unit. Recorded resources as a compose file: translated in full, or refused. */
import { compose } from "../../../render/compose";
import { markedSecretLength, secretMarker, type Recorded } from "../../../render/record";
import { labels, resource, service, serviceLabels, types, uploader, type File } from "../support/recorded";

const composed = (...resources: Recorded[]) => compose("dev", resources).compose as File;
const serviceOf = (...resources: Recorded[]) => composed(...resources).services.app!;

describe("what is not known", () => {
  test.each<[string, Recorded, string]>([
    [
      "a resource type",
      resource("docker:index/secret:Secret", { name: "x" }),
      "no translation for a resource of type docker:index/secret:Secret (x)",
    ],
    ["a property of a container", service({ privileged: true }), "no translation for privileged of tracing-dev-app"],
    ["several properties", service({ privileged: true, gpus: "all" }), "no translation for privileged, gpus of tracing-dev-app"],
    ["a property of a network", resource(types.network, { name: "n", internal: true }), "no translation for internal of n"],
    ["a property of a volume", resource(types.volume, { name: "v", driverOpts: {} }), "no translation for driverOpts of v"],
    [
      "a part of a mount",
      service({ volumes: [{ hostPath: "/etc", containerPath: "/x" }] }),
      "no translation for hostPath of volumes of tracing-dev-app",
    ],
    [
      "a part of a port",
      service({ ports: [{ internal: 1, external: 2, ip: "1.2.3.4", protocol: "tcp", mode: "x" }] }),
      "no translation for mode of ports",
    ],
    [
      "a part of a network's attachment",
      service({ networksAdvanced: [{ name: "n", aliases: [], ipv4Address: "1.2.3.4" }] }),
      "no translation for ipv4Address",
    ],
    [
      "a part of a health check",
      service({ healthcheck: { tests: [], startInterval: "1s" } }),
      "no translation for startInterval of healthcheck",
    ],
    ["a part of the capabilities", service({ capabilities: { drops: ["ALL"], keeps: [] } }), "no translation for keeps of capabilities"],
    [
      "a part of a label",
      service({ labels: [...serviceLabels, { label: "a", value: "b", more: 1 }] }),
      "no translation for more of labels",
    ],
    [
      "a part of an upload",
      uploader("up", [{ file: "/f/a", source: "/host/a", permissions: "0444" }]),
      "no translation for source of uploads",
    ],
    [
      "an upload into a container that runs",
      service({ uploads: [{ file: "/f/a", content: "", permissions: "0444" }] }),
      "that is not started only",
    ],
    [
      "a network mode beside networks",
      service({ networkMode: "host", networksAdvanced: [{ name: "n", aliases: [] }] }),
      "network mode host with networks",
    ],
  ])("is refused: %s", (_what, recorded, message) => {
    expect(() => composed(recorded)).toThrow(message);
  });

  test("does not mean a property that is undefined", () => {
    expect(serviceOf(service({ privileged: undefined }))).not.toHaveProperty("privileged");
  });

  test("does not mean what has no part in a compose file", () => {
    const silent = [
      "tracing:components:Jaeger",
      "pulumi:pulumi:Stack",
      "docker:index/remoteImage:RemoteImage",
      "random:index/randomPassword:RandomPassword",
    ];
    expect(composed(...silent.map((type) => resource(type, { name: type })))).toEqual({ services: {}, networks: {}, volumes: {} });
  });
});

describe("a service", () => {
  test("says all that the container says", () => {
    const mounts = [
      { volumeName: "tracing-dev-app-data", containerPath: "/data" },
      { volumeName: "tracing-dev-app-config", containerPath: "/config", readOnly: true },
    ];
    const inputs = {
      hostname: "app",
      entrypoints: ["/bin/app"],
      command: ["--x"],
      envs: ["A=1"],
      user: "1:2",
      restart: "unless-stopped",
      memory: 64,
      memorySwap: 64,
      readOnly: true,
      init: false,
      tmpfs: { "/tmp": "size=16m" },
      capabilities: { adds: ["CAP_CHOWN"], drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      networksAdvanced: [{ name: "tracing-backend", aliases: ["app"] }],
      ports: [{ internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" }],
      volumes: mounts,
      healthcheck: { tests: ["CMD", "true"], interval: "5s", timeout: "3s", retries: 2, startPeriod: "1m0s" },
      stopTimeout: 30,
      logDriver: "json-file",
      logOpts: { "max-size": "10m" },
    };
    expect(serviceOf(service(inputs))).toEqual({
      container_name: "tracing-dev-app",
      image: "app:1",
      hostname: "app",
      entrypoint: ["/bin/app"],
      command: ["--x"],
      environment: ["A=1"],
      user: "1:2",
      restart: "unless-stopped",
      mem_limit: "64m",
      memswap_limit: "64m",
      read_only: true,
      init: false,
      tmpfs: ["/tmp:size=16m"],
      cap_add: ["CHOWN"],
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      networks: { "tracing-backend": { aliases: ["app"] } },
      ports: ["127.0.0.1:8080:80/tcp"],
      volumes: ["tracing-app-data:/data", "tracing-app-config:/config:ro"],
      healthcheck: { test: ["CMD", "true"], interval: "5s", timeout: "3s", retries: 2, start_period: "1m0s" },
      stop_grace_period: "30s",
      logging: { driver: "json-file", options: { "max-size": "10m" } },
      labels: { "tracing.stack": "dev", "tracing.role": "service" },
    });
  });

  test("waits for the health of probed services, the end of tasks, and the start of others", () => {
    const others = [
      resource(types.container, { name: "tracing-dev-probed", labels: serviceLabels, wait: true }),
      resource(types.container, { name: "tracing-dev-task", labels, mustRun: false }),
      resource(types.container, { name: "tracing-dev-plain", labels }),
    ];
    const volume = resource(types.volume, { name: "tracing-dev-v", labels });
    const app = service(
      {},
      [...others, volume].map(({ urn }) => urn),
    );
    expect(serviceOf(app, ...others, volume).depends_on).toEqual({
      probed: { condition: "service_healthy" },
      "tracing-task": { condition: "service_completed_successfully" },
      "tracing-plain": { condition: "service_started" },
    });
  });

  test("shows Compose no variable: every dollar is two", () => {
    const { command, environment, healthcheck } = serviceOf(
      service({ command: ["echo $HOME $$ ${X}"], envs: ["A=$B"], healthcheck: { tests: ["CMD", "$x"] } }),
    ) as unknown as { command: string[]; environment: string[]; healthcheck: { test: string[] } };
    expect(command).toEqual(["echo $$HOME $$$$ $${X}"]);
    expect(environment).toEqual(["A=$$B"]);
    expect(healthcheck.test).toEqual(["CMD", "$$x"]);
  });
});

test("networks and volumes keep their names, under keys that do not clash with an application's compose file", () => {
  const network = resource(types.network, { name: "tracing-ingest", driver: "bridge", attachable: true, labels });
  const volume = resource(types.volume, { name: "tracing-dev-app-data", driver: "local", labels });
  expect(composed(network, volume)).toEqual({
    services: {},
    networks: { "tracing-ingest": { name: "tracing-ingest", driver: "bridge", attachable: true, labels: { "tracing.stack": "dev" } } },
    volumes: { "tracing-app-data": { name: "tracing-dev-app-data", driver: "local", labels: { "tracing.stack": "dev" } } },
  });
});

describe("the marker of a secret", () => {
  test("is told from every other text", () => {
    expect(markedSecretLength(secretMarker(32))).toBe(32);
    for (const text of ["", "x", ` ${secretMarker(32)}`, `${secretMarker(32)}\n`, secretMarker(-1)])
      expect(markedSecretLength(text)).toBeUndefined();
  });
});

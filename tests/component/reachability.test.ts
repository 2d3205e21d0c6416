/** Rung: component. Who can reach what of the dev stack: published ports and networks. */
import { publishedPorts } from "../../configs/topology/ports";
import { runProgram, services, types, type Run } from "./support/program";

let run: Run;

beforeAll(async () => {
  run = await runProgram("dev");
});

const all = (value: unknown) => Object.fromEntries(services.map((service) => [service, value]));

describe("ports", () => {
  interface Port {
    readonly internal: number;
    readonly external: number;
    readonly ip: string;
    readonly protocol: string;
  }
  const portsOf = (of: Run) =>
    services.flatMap((service) => (of.container(service).inputs.ports as Port[]).map((port) => ({ service, ...port })));

  test("are published on loopback only, exactly those of the topology", () => {
    // Dev delivers no alerts, and has no login.
    const { alertmanager: _, login: __, ...dev } = publishedPorts;
    expect(
      portsOf(run)
        .map(({ external }) => external)
        .sort(),
    ).toEqual(Object.values(dev).sort());
    expect(new Set(portsOf(run).map(({ ip, protocol }) => `${ip} ${protocol}`))).toEqual(new Set(["127.0.0.1 tcp"]));
  });

  test("lead to the program that has them; those of old Jaeger clients to the Collector", () => {
    const lead = Object.fromEntries(services.map((service) => [service, portsOf(run).filter((port) => port.service === service)]));
    const pairs = Object.entries(lead).map(([service, list]) => [
      service,
      list.map(({ external, internal }) => `${external}:${internal}`).sort(),
    ]);
    expect(Object.fromEntries(pairs)).toEqual({
      elasticsearch: ["9200:9200"],
      "elasticsearch-setup": [],
      "elasticsearch-snapshots": [],
      "elasticsearch-exporter": [],
      jaeger: ["14269:14269", "16686:16686", "5778:5778"],
      "otel-collector": ["13133:13133", "14250:14250", "14268:14268", "4317:4317", "4318:4318", "55679:55679", "8889:8889"],
      "index-cleaner": [],
      "service-graph": [],
      canary: [],
      prometheus: ["9091:9090"],
      perses: ["3001:8080"],
    });
  });

  test("move to where stack config says, inside they stay", async () => {
    const moved = await runProgram("dev", { publish: { address: "10.0.0.5", ports: { prometheus: 9999, "otlp-grpc": 14317 } } });
    const [prometheus] = moved.container("prometheus").inputs.ports as Port[];
    const [otlp, ...others] = moved.container("otel-collector").inputs.ports as Port[];
    expect(prometheus).toEqual({ internal: 9090, external: 9999, ip: "10.0.0.5", protocol: "tcp" });
    expect(otlp).toEqual({ internal: 4317, external: 14_317, ip: "10.0.0.5", protocol: "tcp" });
    for (const { internal, external } of others) expect(external).toBe(internal);
    expect(new Set(portsOf(moved).map(({ ip }) => ip))).toEqual(new Set(["10.0.0.5"]));
    expect(moved.get("tracing").outputs).toMatchObject({
      endpoints: { prometheus: "http://10.0.0.5:9999", otlpGrpc: "http://10.0.0.5:14317", jaeger: "http://10.0.0.5:16686" },
    });
  });
});

describe("networks", () => {
  const networksOf = (service: string) => run.container(service).inputs.networksAdvanced as { name: string; aliases: string[] }[];

  test("are two: one that applications may join, and one that they may not", () => {
    const networks = run.ofType(types.network).map(({ inputs: { name, attachable, driver } }) => ({ name, attachable, driver }));
    expect(networks).toEqual([
      { name: "tracing-ingest", attachable: true, driver: "bridge" },
      { name: "tracing-backend", attachable: false, driver: "bridge" },
    ]);
  });

  test("let applications reach the Collector and Jaeger only, and everyone by name", () => {
    const names = services.map((service) => [service, networksOf(service).map(({ name }) => name)]);
    expect(Object.fromEntries(names)).toEqual({
      ...all(["tracing-backend"]),
      jaeger: ["tracing-backend", "tracing-ingest"],
      "otel-collector": ["tracing-backend", "tracing-ingest"],
    });
    for (const service of services) for (const { aliases } of networksOf(service)) expect(aliases).toEqual([service]);
  });

  test("have a mode that says so, as the engine would answer", () => {
    for (const service of services) expect(run.container(service).inputs.networkMode).toBe("bridge");
  });
});

import type { Recorded, RecordOptions } from "../../../render/record";

/** The services, by their names on the network. */
export const services = [
  "elasticsearch",
  "elasticsearch-setup",
  "elasticsearch-snapshots",
  "elasticsearch-exporter",
  "jaeger",
  "otel-collector",
  "index-cleaner",
  "service-graph",
  "canary",
  "prometheus",
  "perses",
] as const;

/** A volume in a container. */
export interface Mount {
  readonly volumeName: string;
  readonly containerPath: string;
  readonly readOnly?: boolean;
}

/** A run of the program under mocks: what it registered, by Pulumi name. */
export class Run {
  constructor(readonly resources: readonly Recorded[]) {}

  /** The one resource of a name, of a type where several types have the name. */
  get(name: string, type?: string): Recorded {
    const [resource, ...others] = this.resources.filter(
      (candidate) => candidate.name === name && (type ?? candidate.type) === candidate.type,
    );
    if (!resource || others.length > 0) throw new Error(`${others.length + (resource ? 1 : 0)} resources are called ${name}`);
    return resource;
  }

  /** The container of a service. Its component has the same Pulumi name. */
  container(service: string): Recorded {
    return this.get(`tracing-${service}`, types.container);
  }

  mountsOf(service: string): Mount[] {
    return this.container(service).inputs.volumes as Mount[];
  }

  ofType(type: string): Recorded[] {
    return this.resources.filter((resource) => resource.type === type);
  }

  /** Pulumi names of what a resource depends on, of one type. */
  dependenciesOf(resource: Recorded, type: string): string[] {
    return this.resources.filter(({ urn, type: t }) => t === type && resource.dependencies.includes(urn)).map(({ name }) => name);
  }
}

export const types = {
  container: "docker:index/container:Container",
  image: "docker:index/remoteImage:RemoteImage",
  network: "docker:index/network:Network",
  password: "random:index/randomPassword:RandomPassword",
  volume: "docker:index/volume:Volume",
} as const;

// Packages are loaded once, the providers' with all their parts: only the program itself is loaded anew for each run.
for (const name of ["@pulumi/pulumi", "@pulumi/docker", "@pulumi/kubernetes", "@pulumi/random", "yaml", "zod"]) {
  const loaded = { ...(require(name) as object) };
  jest.doMock(name, () => loaded);
}

// Without an engine the program's warnings come here.
jest.spyOn(console, "warn").mockImplementation(() => undefined);

/** Runs index.ts, or another program, for a stack, with some config values in place of the stack file's. The program is loaded anew. */
export async function runProgram(stack: string, config: Record<string, unknown> = {}, options: RecordOptions = {}): Promise<Run> {
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const given = Object.fromEntries(Object.entries(config).map(([name, value]) => [`tracing:${name}`, text(value)]));
  const recorded: Recorded[] = [];
  await jest.isolateModulesAsync(() =>
    shortTraces(async () => {
      const { record, stackConfig } = require("../../../render/record") as typeof import("../../../render/record");
      await record(stack, { ...stackConfig(stack), ...given }, { recorded, ...options });
    }),
  );
  return new Run(recorded);
}

/** The SDK takes a stack trace for each promise; to look up the sources of all of them takes most of a run's time. */
export async function shortTraces<T>(action: () => Promise<T>): Promise<T> {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  try {
    return await action();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** Names that begin neither with that of their component nor, in the component of several services, with that of one of these. */
export const strangers = (resources: readonly Recorded[]): string[] =>
  resources
    .filter(({ name, parent }) => {
      const component = parent.split("::").at(-1) ?? "";
      const beside = {
        "tracing-otel-collector": ["tracing-otel-sampler"],
        "tracing-jaeger": ["tracing-index-cleaner", "tracing-service-graph"],
        "tracing-prometheus": ["tracing-alertmanager", "tracing-perses"],
      }[component];
      return ![component, ...(beside ?? [])].some((own) => name.startsWith(own));
    })
    .map(({ name }) => name);

/** Fails unless all resources are parts of one stack's component, with names that begin with their component's, and a URN each. */
export function expectOneTree(resources: readonly Recorded[]): void {
  const urns = new Set(resources.map(({ urn }) => urn));
  expect(resources.filter(({ parent }) => parent === "").map(({ name }) => name)).toEqual(["tracing"]);
  expect(resources.filter(({ parent }) => parent !== "" && !urns.has(parent))).toEqual([]);
  expect(strangers(resources)).toEqual([]);
  expect(urns.size).toBe(resources.length);
}

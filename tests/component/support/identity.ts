/** Identities of resources, and inputs that cannot change without a replacement: recorded and compared. */
import type { Alias, Recorded } from "../../../render/record";

/** A resource as a version of the program registered it. */
export interface Identity {
  /** The URN without the stack's name: types from the top, then the name. */
  readonly urn: string;
  /** Inputs that cannot be changed in place, by path. Those without any of these are made anew by design, or have none. */
  readonly fixed?: Readonly<Record<string, unknown>>;
}

/** Inputs that cannot be changed in place, by type. Of every object of Kubernetes there are name and namespace besides. */
const fixedInputs: Readonly<Record<string, readonly string[]>> = {
  "pulumi:providers:kubernetes": ["clusterIdentifier"],
  "random:index/randomPassword:RandomPassword": ["length", "special"],
  "docker:index/network:Network": ["name", "driver", "attachable", "labels"],
  "docker:index/volume:Volume": ["name", "driver", "labels"],
  "docker:index/container:Container": ["name"],
  "kubernetes:core/v1:Secret": ["type"],
  "kubernetes:core/v1:Service": ["spec.clusterIP", "spec.type"],
  "kubernetes:apps/v1:Deployment": ["spec.selector"],
  "kubernetes:apps/v1:StatefulSet": [
    "spec.selector",
    "spec.serviceName",
    "spec.podManagementPolicy",
    "spec.volumeClaimTemplates",
    "spec.revisionHistoryLimit",
  ],
};

/** Identities of a run's resources, sorted. */
export function identities(resources: readonly Recorded[]): Identity[] {
  return resources
    .map((resource): Identity => {
      const fixed = Object.fromEntries(fixedOf(resource).map((path) => [path, at(resource.inputs, path)] as const));
      const given = Object.fromEntries(Object.entries(fixed).filter(([, value]) => value !== undefined));
      return { urn: urnOf(resource, resources), ...(Object.keys(given).length > 0 ? { fixed: given } : {}) };
    })
    .sort((one, other) => (one.urn < other.urn ? -1 : 1));
}

/** Resources that an update from the recorded stack would delete or replace, one sentence each. */
export function replacements(recorded: readonly Identity[], resources: readonly Recorded[]): string[] {
  const now = new Map(resources.map((resource) => [urnOf(resource, resources), resource] as const));
  return recorded.flatMap(({ urn, fixed = {} }) => {
    const resource = now.get(urn) ?? resources.find((candidate) => aliasesOf(candidate, resources).some((alias) => isOf(alias, urn)));
    if (!resource) return [`${urn} is gone, and no resource has it as an alias`];
    return Object.entries(fixed)
      .filter(([path]) => !resource.ignoreChanges.includes(path))
      .map(([path, before]) => [path, JSON.stringify(before), JSON.stringify(at(resource.inputs, path)) as string | undefined] as const)
      .filter(([, before, after]) => before !== after)
      .map(([path, before, after]) => `${urn}: ${path} was ${before} and is ${after ?? "gone"}, which cannot be changed in place`);
  });
}

function fixedOf({ type, inputs }: Recorded): readonly string[] {
  const own = fixedInputs[type] ?? [];
  if (!type.startsWith("kubernetes:")) return own;
  // A ConfigMap that cannot change has its content in its name: it is made anew by design.
  return [...(inputs.immutable === true ? [] : ["metadata.name"]), "metadata.namespace", ...own];
}

/** As the engine writes it; under mocks a URN lacks all types but two. */
function urnOf(resource: Recorded, resources: readonly Recorded[]): string {
  const types: string[] = [];
  for (let here: Recorded | undefined = resource; here; here = parentOf(here, resources)) types.unshift(here.type);
  return `${types.join("$")}::${resource.name}`;
}

const parentOf = ({ parent }: Recorded, resources: readonly Recorded[]) => resources.find(({ urn }) => urn === parent);

/** Earlier names: its own, and those that follow from its component's, whose name its own begins with. */
function aliasesOf(resource: Recorded, resources: readonly Recorded[]): Alias[] {
  const parent = parentOf(resource, resources);
  const inherited = parent ? aliasesOf(parent, resources) : [];
  return [
    ...resource.aliases,
    ...inherited.map(({ name }) => ({ type: resource.type, name: resource.name.replace(parent?.name ?? "", name) })),
  ];
}

const isOf = ({ type, name }: Alias, urn: string): boolean => {
  const [types = "", recordedName] = urn.split("::");
  return name === recordedName && types.split("$").at(-1) === type;
};

const at = (value: unknown, path: string): unknown =>
  path.split(".").reduce((here, key) => (here as Record<string, unknown> | undefined)?.[key], value);

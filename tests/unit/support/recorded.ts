/** Resources as the program registers them, made by hand. */
import type { Recorded } from "../../../render/record";

export const types = {
  container: "docker:index/container:Container",
  network: "docker:index/network:Network",
  volume: "docker:index/volume:Volume",
};

export const resource = (type: string, inputs: Record<string, unknown>, dependencies: readonly string[] = []): Recorded => ({
  type,
  name: String(inputs.name),
  urn: `urn:${String(inputs.name)}`,
  parent: "",
  dependencies,
  inputs,
  secretInputs: [],
  provider: "",
  protect: false,
  retainOnDelete: false,
  deleteBeforeReplace: false,
  replaceOnChanges: [],
  ignoreChanges: [],
  aliases: [],
});

export const labels = [{ label: "tracing.stack", value: "dev" }];
export const serviceLabels = [...labels, { label: "tracing.role", value: "service" }];
export const service = (inputs: Record<string, unknown> = {}, dependencies?: readonly string[]) =>
  resource(
    types.container,
    { name: "tracing-dev-app", image: "app:1", labels: serviceLabels, networkMode: "bridge", ...inputs },
    dependencies,
  );

/** A container that is never started: it puts files into a volume. */
export const uploader = (name: string, uploads: readonly object[]) =>
  resource(types.container, {
    name: `tracing-dev-${name}`,
    image: "busybox",
    labels,
    networkMode: "none",
    start: false,
    mustRun: false,
    uploads,
  });

type Service = Record<string, unknown> & { readonly command: string[]; readonly environment?: Record<string, string> };
export interface File {
  readonly services: Record<string, Service>;
  readonly networks: Record<string, unknown>;
  readonly volumes: Record<string, unknown>;
}

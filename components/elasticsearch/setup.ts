/** The setup of Elasticsearch: index templates, roles and users. */
import { setupDone, setupFiles, type SetupSettings } from "../../configs/elasticsearch/setup";
import { images } from "../../configs/images";
import type { JaegerOptions, SamplingOptions } from "../../configs/stack/options";
import type { CommonSettings, Settings } from "../../configs/stack/schema";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Addresses, ElasticsearchAddress } from "../../configs/topology/topology";
import { elasticsearchAuthority, setupClient } from "./client";
import { allPasswords, type Passwords } from "./passwords";
import { componentSettings } from "../args";
import type { Workload } from "../platform/workload";

/**
 * The workload that puts in place what Jaeger needs, and watches over it. It is ready when everything is there, which Jaeger waits for. It runs in
 * Elasticsearch's image, which is pulled anyway and has a bash and curl.
 */
export function setupWorkload(settings: SetupSettings, topology: Addresses & ElasticsearchAddress, passwords: Passwords): Workload {
  const { connects, ...client } = setupClient(settings);
  return {
    name: "elasticsearch-setup",
    kind: "service",
    image: "elasticsearch",
    command: ["/bin/bash", `${paths.config}/${files.elasticsearchSetup}`],
    args: [],
    env: {},
    files: Object.entries(setupFiles(settings, topology)).map(([name, content]) => ({
      path: `${paths.config}/${name}`,
      content,
      onChange: "restart",
    })),
    secrets: allPasswords(settings, passwords),
    certificates: elasticsearchAuthority(settings),
    data: [],
    scratch: [{ path: "/tmp", size: 1 }],
    ports: [],
    peers: [],
    ...client,
    connects: [...connects, { to: "otel-collector", ports: [ports.collector.reports] }],
    // Elasticsearch may need minutes to be there.
    probe: { kind: "script", script: `[ -e ${setupDone} ]`, timing: { interval: 5, timeout: 3, retries: 3, startPeriod: 120 } },
    // A restore runs here, too.
    resources: { memory: 64, cpu: 500 },
    scale: { replicas: 1 },
    placement: { spread: false },
    user: images.elasticsearch.user,
    readOnlyRoot: true,
    stopGrace: 5,
  };
}

/** Arguments that decide what is put into Elasticsearch, whoever runs it. */
export interface StorageArgs extends Pick<JaegerOptions, "tags"> {
  /** Which traces are kept, and how many are expected: the shards of a day follow from it. Default: all of the default load. */
  readonly sampling?: SamplingOptions | undefined;
}

/** The settings of a component that runs the setup. Throws a SettingsError that lists every error. */
export const setupSettings = (
  known: CommonSettings,
  options: { readonly elasticsearch: object } & StorageArgs & { readonly overrides: object | undefined },
): SetupSettings & Pick<Settings, "overrides"> => {
  const { tags, ...groups } = options;
  return componentSettings(known, { ...groups, jaeger: { tags } }, ["elasticsearch", "jaeger", "sampling", "overrides"]);
};

/** The setup of Elasticsearch: index templates, roles and users. */
import { watchedFiles, watchedFolder, watchedSecrets } from "../../configs/elasticsearch/certificates";
import { setupDone, setupFiles, type SetupSettings } from "../../configs/elasticsearch/setup";
import type { IngestOptions, JaegerOptions, SamplingOptions } from "../../configs/stack/options";
import type { CommonSettings, Settings } from "../../configs/stack/schema";
import { files, ports } from "../../configs/topology/ports";
import type { Addresses, ElasticsearchAddress } from "../../configs/topology/topology";
import { elasticsearchAuthority, setupClient } from "./client";
import { allPasswords, type Passwords } from "./passwords";
import { elasticsearchScript, scriptPath } from "./script";
import { componentSettings } from "../args";
import { defineWorkload, usualTiming, type CertificateFolder, type Workload } from "../platform/workload";

/**
 * The workload that puts in place what Jaeger needs, and watches over it. It is ready when everything is there, which Jaeger waits for.
 */
export function setupWorkload(settings: SetupSettings, topology: Addresses & ElasticsearchAddress, passwords: Passwords): Workload {
  const { connects, ...client } = setupClient(settings);
  return defineWorkload({
    name: "elasticsearch-setup",
    ...elasticsearchScript(files.elasticsearchSetup),
    files: Object.entries(setupFiles(settings, topology)).map(([name, content]) => ({
      path: scriptPath(name),
      content,
      onChange: "restart",
    })),
    secrets: allPasswords(settings, passwords),
    certificates: [...elasticsearchAuthority(settings), ...watched(settings)],
    scratch: [{ path: "/tmp", size: 1 }],
    ...client,
    connects: [...connects, { to: "otel-collector", ports: [ports.collector.reports] }],
    // Elasticsearch may need minutes to be there.
    probe: { kind: "script", script: `[ -e ${setupDone} ]`, timing: usualTiming(120) },
    // A restore runs here, too.
    resources: { memory: 64, cpu: 500 },
  });
}

/** The certificates that the setup watches. It starts before most of them are made. */
const watched = (settings: SetupSettings): CertificateFolder[] =>
  watchedSecrets(settings).map((secret) => ({ path: watchedFolder(secret), secret, keys: watchedFiles, optional: true }));

/** Arguments that decide what is put into Elasticsearch, whoever runs it. */
export interface StorageArgs extends Pick<JaegerOptions, "tags"> {
  /** Which traces are kept, and how many are expected: the shards of a day follow from it. Default: all of the default load. */
  readonly sampling?: SamplingOptions | undefined;
  /** Who sends spans, and by TLS: the setup also watches the end of these certificates. Default: it does not. */
  readonly ingest?: IngestOptions | undefined;
}

/** The settings of a component that runs the setup. Throws a SettingsError that lists every error. */
export const setupSettings = (
  known: CommonSettings,
  options: { readonly elasticsearch: object } & StorageArgs & { readonly overrides: object | undefined },
): SetupSettings & Pick<Settings, "overrides"> => {
  const { tags, ...groups } = options;
  return componentSettings(known, { ...groups, jaeger: { tags } }, ["elasticsearch", "jaeger", "sampling", "ingest", "overrides"]);
};

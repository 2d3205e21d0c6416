/** Parts of a workload that connects to Elasticsearch. */
import type { Settings } from "../../configs/stack/schema";
import { authorityOf, portOf } from "../../configs/topology/kubernetes";
import { files, paths, ports } from "../../configs/topology/ports";
import type { CertificateFolder, Workload } from "../platform/workload";

/** The CA of Elasticsearch's certificate, as a folder for a client. */
export function elasticsearchAuthority(settings: Pick<Settings, "elasticsearch">): CertificateFolder[] {
  const secret = authorityOf(settings);
  return secret === undefined ? [] : [{ path: paths.authority, secret, keys: [files.authority] }];
}

/** How a workload reaches Elasticsearch: a connection within the stack, or a port outside of it. */
function reached({ elasticsearch: { external } }: Pick<Settings, "elasticsearch">): Pick<Workload, "connects" | "outside"> {
  if (external) return { connects: [], outside: [{ port: portOf(external.url) }] };
  return { connects: [{ to: "elasticsearch", ports: [ports.elasticsearch.http] }], outside: [] };
}

/** Parts for the setup. It starts after Elasticsearch, if the stack deploys it. */
export const setupClient = (settings: Pick<Settings, "elasticsearch">): Pick<Workload, "connects" | "outside" | "startsAfter"> => ({
  ...reached(settings),
  startsAfter: settings.elasticsearch.external ? [] : ["elasticsearch"],
});

/** Parts for every other client. It starts after the setup, which creates its user. */
export const elasticsearchClient = (settings: Pick<Settings, "elasticsearch">): Pick<Workload, "connects" | "outside" | "startsAfter"> => ({
  ...reached(settings),
  startsAfter: ["elasticsearch-setup"],
});

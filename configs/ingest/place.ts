/** Where the proxy is, on both platforms. */
import { files, paths, ports } from "../topology/ports";
import type { Addresses } from "../topology/topology";
import type { IngestPlace } from "./haproxy";

/** Where the proxy listens, and where the Collector is. */
export const ingestPlace = ({ listen, collectorUpstream: { host, ports: behind, resolver } }: Addresses): IngestPlace => ({
  listen: listen.anywhere,
  listenBackend: listen.ingestBackend,
  ports: ports.collector,
  own: ports.ingest,
  upstream: { host, ports: behind },
  resolver,
  senders: `${paths.ingestRun}/${files.ingestSenders}`,
  tls: {
    certificate: `${paths.ingestCertificate}/${files.certificate}`,
    clientAuthority: `${paths.ingestClientAuthority}/${files.authority}`,
    sockets: paths.ingestRun,
  },
});

/** The Prometheus operator's objects, where the cluster's own Prometheus watches the stack: one monitor a service, and the rules. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { exportedName, reservedNames } from "../../../configs/prometheus/config";
import type { CommonSettings } from "../../../configs/stack/schema";
import { tierCertificateSecret } from "../../../configs/topology/kubernetes";
import { files } from "../../../configs/topology/ports";
import { serviceOf, type ScrapeJob, type ServiceName } from "../../../configs/topology/topology";
import { podsLabel, selector } from "../labels";
import { allPorts, type Workload } from "../workload";

/** What the operator should scrape, and its rules. */
export interface MonitorsArgs {
  readonly settings: CommonSettings;
  readonly workloads: readonly Workload[];
  /** Scrape jobs. */
  readonly jobs: readonly ScrapeJob[];
  /** Groups of rules, as a rules file has them. */
  readonly groups: readonly object[];
}

const apiVersion = "monitoring.coreos.com/v1";

/** A ServiceMonitor for each service that is scraped, and the PrometheusRule. */
export class Monitors extends pulumi.ComponentResource {
  constructor(name: string, args: MonitorsArgs, options: pulumi.CustomResourceOptions) {
    super("tracing:platform:Monitors", name, {}, { parent: options.parent });
    const { settings } = args;
    const { labels } = settings.prometheus.operator;
    const make = (part: string, kind: string, objectName: string, spec: object) =>
      new k8s.apiextensions.CustomResource(
        `${name}-${part}`,
        { apiVersion, kind, metadata: { name: objectName, namespace: settings.kubernetes.namespace, labels: { ...labels } }, spec },
        { ...options, parent: this },
      );
    for (const [service, endpoints] of endpointsOf(args.jobs, args.workloads)) {
      const matchLabels = { ...selector(settings, { name: service }), ...podsLabel };
      make(service, "ServiceMonitor", service, { selector: { matchLabels }, endpoints });
    }
    make("rules", "PrometheusRule", "tracing", { groups: args.groups });
    this.registerOutputs({});
  }
}

/** The endpoints of each service. Rules name jobs, so each endpoint says its own; the operator would take the Service's name. */
export function endpointsOf(jobs: readonly ScrapeJob[], workloads: readonly Workload[]): Map<ServiceName, object[]> {
  const endpoints = new Map<ServiceName, object[]>();
  for (const { name, names = [], foreign, tls, secondTier } of jobs) {
    const first = names.map((target) => ({
      target,
      labels: names.length > 1 ? { service: serviceOf(target) } : {},
      metrics: [] as object[],
    }));
    const renamed = foreign
      ? [{ sourceLabels: ["__name__"], regex: reservedNames, targetLabel: "__name__", replacement: exportedName }]
      : [];
    const apart = secondTier?.apart;
    const moved = apart ? [{ sourceLabels: ["__name__"], regex: apart.series, targetLabel: "job", replacement: apart.job }] : [];
    const second = (secondTier?.instances ?? []).slice(0, 1).map((target) => ({ target, labels: { tier: "sampler" }, metrics: moved }));
    for (const { target, labels, metrics } of [...first, ...second]) {
      const workload = workloads.find((candidate) => candidate.name === serviceOf(target));
      const port = workload && allPorts(workload).find((candidate) => candidate.port === Number(target.split(":")[1]));
      if (!workload || !port) throw new Error(`job ${name} scrapes ${target}, which no workload of the stack is`);
      const relabelings = Object.entries<string | undefined>({ job: name, ...labels }).map(([targetLabel, replacement]) => ({
        targetLabel,
        replacement,
      }));
      const metricRelabelings = [...renamed, ...metrics];
      const endpoint = {
        port: port.name,
        interval: "15s",
        ...(tls ? byTls(workload.name) : {}),
        relabelings,
        metricRelabelings: metricRelabelings.length > 0 ? metricRelabelings : undefined,
      };
      endpoints.set(workload.name, [...(endpoints.get(workload.name) ?? []), endpoint]);
    }
  }
  return endpoints;
}

/** TLS to a service's pods. The operator gives the authority to its Prometheus. */
const byTls = (service: ServiceName): object => ({
  scheme: "https",
  tlsConfig: { ca: { secret: { name: tierCertificateSecret(service), key: files.authority } }, serverName: service },
});

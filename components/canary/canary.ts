/** The canary: sends known traces through the whole stack and looks for them, as an application and a person would. */
import * as pulumi from "@pulumi/pulumi";
import { compact } from "../../configs/compact";
import { canaryScript, needsCurl } from "../../configs/canary/script";
import { canaryTimes, hasCanary } from "../../configs/canary/times";
import { hasIngest } from "../../configs/ingest/senders";
import { takesTls } from "../../configs/ingest/tls";
import type { CanaryOptions } from "../../configs/stack/options";
import type { CanarySettings, Settings } from "../../configs/stack/schema";
import { addressesOf } from "../../configs/topology";
import { collectorUrl } from "../../configs/topology/kubernetes";
import { files, paths, ports } from "../../configs/topology/ports";
import { openPorts } from "../../configs/topology/tls";
import type { Addresses } from "../../configs/topology/topology";
import { componentSettings, requireSamePlatform, type ComponentArgs } from "../args";
import type { OtelCollector } from "../collector/collector";
import { ingestAuthority, stackTokenFile } from "../collector/ingest";
import { TracingComponent } from "../component";
import { elasticsearchScript, scriptPath } from "../elasticsearch/script";
import { defineWorkload, type Secret, type Workload } from "../platform/workload";
import { serverAuthority } from "../tier-tls";

/** A busybox in the index cleaner's image, which is pulled anyway; or bash and curl. One small program at a time. */
const busybox = {
  image: "jaeger-es-index-cleaner",
  command: ["/bin/sh", scriptPath(files.canary)],
  resources: { memory: 20, cpu: 50 },
} as const;
const bash = { ...elasticsearchScript(files.canary), resources: { memory: 64, cpu: 100 } } as const;

/** The canary's workload, where the stack has one. */
export function canaryWorkloads(settings: CanarySettings, topology: Addresses, token: Secret["content"] = pulumi.output("")): Workload[] {
  if (!hasCanary(settings)) return [];
  const credential = hasIngest(settings) ? stackTokenFile(token) : undefined;
  // It goes the way of applications.
  const tls = takesTls(settings);
  const through = tls ? collectorUrl(settings, ports.collector.otlpHttp) : topology.ingestOtlpHttp;
  const addresses = credential ? { ...topology, collectorOtlpHttp: through } : topology;
  const authority = tls ? `${paths.ingestCertificate}/${files.authority}` : undefined;
  const content = canaryScript(settings.canary.interval, canaryTimes(settings), addresses, credential?.path, authority);
  return [
    defineWorkload({
      name: "canary",
      ...(needsCurl(addresses) ? bash : busybox),
      files: [{ path: scriptPath(files.canary), content, onChange: "restart" }],
      secrets: compact([credential]),
      certificates: [...serverAuthority(settings, "jaeger"), ...ingestAuthority(settings)],
      connects: [
        { to: "otel-collector", ports: [ports.collector.otlpHttp, ports.collector.reports] },
        { to: "jaeger", ports: openPorts(settings, ports.jaeger.query, ports.jaeger.queryTls) },
      ],
      startsAfter: ["otel-collector", "jaeger"],
      stopGrace: 10,
    }),
  ];
}

/** Arguments of the canary. */
export interface CanaryArgs extends CanaryOptions, ComponentArgs<"canary"> {
  /** The Collector that it sends to. It looks for its traces in the Jaeger behind it. */
  readonly collector: OtelCollector;
}

/**
 * A canary: at each interval it sends a trace to the Collector, looks for it in Jaeger, and reports what became of it. The objectives of
 * freshness and completeness rest on it.
 */
export class Canary extends TracingComponent {
  /** @internal */
  readonly settings: CanarySettings & Pick<Settings, "overrides">;

  /** @throws SettingsError that lists every error in the arguments. */
  constructor(name: string, args: CanaryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, collector, overrides, ...canary } = args;
    super("Canary", name, "canary", platform, opts);
    requireSamePlatform(this, platform, { collector });
    const { sampling, jaeger, ingest } = collector.settings;
    this.settings = componentSettings({ ...platform.settings, sampling, jaeger, ingest }, { canary, overrides }, ["canary", "overrides"]);
    this.run(canaryWorkloads(this.settings, addressesOf(this.settings), collector.stackToken), this.settings);
    this.registerOutputs({});
  }
}

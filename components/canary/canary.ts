/** The canary: sends known traces through the whole stack and looks for them, as an application and a person would. */
import * as pulumi from "@pulumi/pulumi";
import { compact } from "../../configs/compact";
import { canaryScript } from "../../configs/canary/script";
import { canaryTimes, hasCanary } from "../../configs/canary/times";
import { hasIngest } from "../../configs/ingest/senders";
import type { CanaryOptions } from "../../configs/stack/options";
import type { CanarySettings, Settings } from "../../configs/stack/schema";
import { addressesOf } from "../../configs/topology";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Addresses } from "../../configs/topology/topology";
import { componentSettings, requireSamePlatform, type ComponentArgs } from "../args";
import type { OtelCollector } from "../collector/collector";
import { stackTokenFile } from "../collector/ingest";
import { TracingComponent } from "../component";
import { defineWorkload, type Secret, type Workload } from "../platform/workload";

/** The canary's workload, where the stack has one. It runs in the index cleaner's image, which is pulled anyway and has a busybox. */
export function canaryWorkloads(settings: CanarySettings, topology: Addresses, token: Secret["content"] = pulumi.output("")): Workload[] {
  if (!hasCanary(settings)) return [];
  const script = `${paths.config}/${files.canary}`;
  const credential = hasIngest(settings) ? stackTokenFile(token) : undefined;
  // It goes the way of applications.
  const addresses = credential ? { ...topology, collectorOtlpHttp: topology.ingestOtlpHttp } : topology;
  const content = canaryScript(settings.canary.interval, canaryTimes(settings), addresses, credential?.path);
  return [
    defineWorkload({
      name: "canary",
      image: "jaeger-es-index-cleaner",
      command: ["/bin/sh", script],
      files: [{ path: script, content, onChange: "restart" }],
      secrets: compact([credential]),
      connects: [
        { to: "otel-collector", ports: [ports.collector.otlpHttp, ports.collector.reports] },
        { to: "jaeger", ports: [ports.jaeger.query] },
      ],
      startsAfter: ["otel-collector", "jaeger"],
      // A shell and one small program at a time.
      resources: { memory: 20, cpu: 50 },
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

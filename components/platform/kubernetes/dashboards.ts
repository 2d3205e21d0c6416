/** Dashboards for the Grafana of the cluster: its sidecar reads ConfigMaps with a label. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { CommonSettings } from "../../../configs/stack/schema";
import { partOfLabel } from "../labels";
import type { PublishedDashboards } from "../platform";

/** A ConfigMap for each dashboard: all of them together could be more than one may hold. */
export class Dashboards extends pulumi.ComponentResource {
  constructor(
    name: string,
    { settings, files, label, namespace }: PublishedDashboards & { readonly settings: CommonSettings },
    options: pulumi.CustomResourceOptions,
  ) {
    super("tracing:platform:Dashboards", name, {}, { parent: options.parent });
    const own = settings.kubernetes.namespace;
    for (const [file, text] of Object.entries(files)) {
      const dashboard = file.replace(/\.json$/, "");
      new k8s.core.v1.ConfigMap(
        `${name}-${dashboard}`,
        {
          // Two stacks may put theirs into one namespace, and the sidecar puts all files into one folder.
          metadata: { name: `${own}-dashboard-${dashboard}`, namespace: namespace ?? own, labels: { ...partOfLabel, [label]: "1" } },
          data: { [`${own}-${file}`]: text },
        },
        { ...options, parent: this },
      );
    }
    this.registerOutputs({});
  }
}

/** The group of settings about dashboards. */
import * as z from "zod";
import { flag, kubernetesName, text } from "./units";

export const dashboards = z
  .strictObject({
    grafana: z
      .strictObject({
        label: text(
          "a label's name, such as grafana_dashboard",
          /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
        )
          .prefault("grafana_dashboard")
          .describe("Label, with the value 1, by which the sidecar of the cluster's Grafana finds dashboards."),
        namespace: kubernetesName("namespace")
          .optional()
          .describe("Namespace of the ConfigMaps, which must exist. Default: the stack's; then the sidecar must look in all namespaces."),
      })
      .optional()
      .describe(
        "ConfigMaps with the dashboards, one each, for the Grafana of the cluster. Default: none; files to import are in rendered/.",
      ),
    perses: flag()
      .optional()
      .describe(
        "Whether the stack runs a Perses that shows the dashboards, to all who reach its port. Default: true in development on docker, else false.",
      ),
  })
  .prefault({});

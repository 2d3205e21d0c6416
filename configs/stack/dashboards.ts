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
          .describe("Existing namespace for the ConfigMaps. Default: the stack's namespace; the sidecar must then look in all namespaces."),
      })
      .optional()
      .describe("ConfigMaps with the dashboards, one each, for the cluster's Grafana. Default: none; rendered/ has files to import."),
    perses: flag()
      .optional()
      .describe(
        "Whether the stack runs Perses, which shows the dashboards to everybody who can reach its port. Default: true in development on Docker, otherwise false.",
      ),
  })
  .prefault({})
  .describe("Where the dashboards are shown: docs/DASHBOARDS.md.");

/** Perses' config file, and what it is provisioned with. docs/decisions/0033-dashboards.md has the reasons. */
import { persesFiles } from "../dashboards/files";
import { datasourceName, project } from "../dashboards/perses";
import { dashboards } from "../dashboards";
import { imageOrigin, imageVersion } from "../images";
import { isShown, screens } from "../login/screens";
import type { StackSettings } from "../stack/schema";
import { files, paths, ports } from "../topology/ports";
import type { MetricsAddress } from "../topology/topology";
import { toYaml } from "../yaml";

/** The path in front of all of its own, where people come to it by the login. */
export const persesPrefix = (settings: StackSettings): string | undefined =>
  isShown(settings, "dashboards") ? screens.dashboards.path : undefined;

/** Text of the config file. What it does not name is the program's default: no ad-hoc queries, no short-lived dashboards, no login. */
export const persesConfig = (settings: StackSettings): string =>
  toYaml({
    api_prefix: persesPrefix(settings),
    // On memory, and made anew at each start of what it is provisioned with: there is nothing to keep, and nothing to migrate.
    database: { file: { folder: paths.persesDatabase, extension: "yaml" } },
    frontend: { important_dashboards: dashboards(settings).map(({ name }) => ({ project, dashboard: name })) },
    // Perses unpacks the plugins in its image at each start, and loads all plugins in this folder. The version keeps old ones out.
    plugin: { path: `${paths.persesData}/plugins-${imageVersion("perses", imageOrigin(settings))}` },
    provisioning: { folders: [paths.live], interval: "1m" },
    security: { readonly: true },
  });

/** What Perses calls a secret: here, whom its data source trusts. */
const trust = "prometheus-authority";

/** The requests that dashboards make of Prometheus. Long queries are sent as POST; they read too. */
const reads = ["GET", "POST"].map((method) => ({
  method,
  endpointPattern: "^/api/v1/(query|query_range|series|labels|label/[^/]+/values|metadata|parse_query)$",
}));

/**
 * Files that provision Perses, by name: the project, its data source, and the dashboards.
 *
 * @throws Error if the stack runs no Prometheus; validation rejects that before.
 */
export function persesResources(settings: StackSettings, { prometheus }: MetricsAddress): Record<string, string> {
  if (prometheus === undefined) throw new Error("Perses needs the stack's own Prometheus");
  const { url, authority } = prometheus;
  const spec = { url, allowedEndpoints: reads, secret: authority === undefined ? undefined : trust };
  return {
    "perses-project.yaml": toYaml({
      kind: "Project",
      metadata: { name: project },
      spec: { display: { name: `Tracing: ${settings.stack}` } },
    }),
    "perses-datasource.yaml": toYaml({
      kind: "Datasource",
      metadata: { name: datasourceName, project },
      spec: {
        default: true,
        // Asked by the server, not by the browser, which may not reach Prometheus.
        plugin: { kind: "PrometheusDatasource", spec: { proxy: { kind: "HTTPProxy", spec } } },
      },
    }),
    ...(authority === undefined
      ? {}
      : {
          "perses-secret.yaml": toYaml({ kind: "Secret", metadata: { name: trust, project }, spec: { tlsConfig: { caFile: authority } } }),
        }),
    ...Object.fromEntries(Object.entries(persesFiles(settings)).map(([name, text]) => [`perses-${name}`, text])),
  };
}

/** Command line of Perses, behind the entrypoint. */
export const persesArgs: readonly string[] = [
  `--config=${paths.config}/${files.perses}`,
  `--web.listen-address=:${ports.perses.http}`,
  // Below it each request is logged, health checks too.
  "--log.level=warning",
];

/** Perses: shows the stack's dashboards, of what the stack's own Prometheus knows. */
import { goMemoryLimit } from "../../configs/go-programs";
import { images } from "../../configs/images";
import { persesArgs, persesConfig, persesResources } from "../../configs/perses/config";
import { hasPerses } from "../../configs/perses/runs";
import type { StackSettings } from "../../configs/stack/schema";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Topology } from "../../configs/topology/topology";
import { usualTiming, type Workload } from "../platform/workload";

/** Memory limit, MiB. docs/measurements.md has what it takes. */
const memory = 96;

/** Room for the plugins of the official image once they are unpacked, 21 of some 7 MiB, and for those of the version before, MiB. */
const plugins = 512;

/** The dashboards and what belongs to them, MiB. */
const database = 4;

/** The workload that shows dashboards, where the stack has one. Nothing of it is worth keeping. */
export function persesWorkloads(settings: StackSettings, topology: Topology): Workload[] {
  if (!hasPerses(settings)) return [];
  const { http } = ports.perses;
  const resources = Object.entries(persesResources(settings, topology));
  return [
    {
      name: "perses",
      kind: "service",
      image: "perses",
      args: persesArgs,
      env: goMemoryLimit(memory),
      files: [
        { path: `${paths.config}/${files.perses}`, content: persesConfig(settings), onChange: "restart" },
        ...resources.map(([name, content]) => ({ path: `${paths.live}/${name}`, content, onChange: "live" as const })),
      ],
      secrets: [],
      data: [{ path: paths.persesData, size: plugins }],
      scratch: [{ path: paths.persesDatabase, size: database }],
      ports: [{ name: "http", port: http, exposure: "host", publish: "perses" }],
      peers: [],
      connects: [{ to: "prometheus", ports: [ports.prometheus.http] }],
      probe: {
        kind: "http",
        port: http,
        path: "/api/v1/health",
        timing: usualTiming(60),
      },
      resources: { memory, cpu: 250 },
      scale: { replicas: 1 },
      placement: { spread: false },
      user: images.perses.user,
      readOnlyRoot: true,
      startsAfter: ["prometheus"],
      stopGrace: 5,
    },
  ];
}

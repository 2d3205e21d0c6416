/** Perses: shows the stack's dashboards, of what the stack's own Prometheus knows. */
import { compact } from "../../configs/compact";
import { goMemoryLimit } from "../../configs/go-programs";
import { isShown } from "../../configs/login/screens";
import { persesArgs, persesConfig, persesPrefix, persesResources } from "../../configs/perses/config";
import { hasPerses } from "../../configs/perses/runs";
import type { StackSettings } from "../../configs/stack/schema";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Topology } from "../../configs/topology/topology";
import { prometheusClient } from "./client";
import { screenPort } from "../login/screen-port";
import { defineWorkload, httpProbe, type Workload } from "../platform/workload";

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
  const prometheus = prometheusClient(settings, true);
  const resources = Object.entries(persesResources(settings, topology));
  return [
    defineWorkload({
      name: "perses",
      image: "perses",
      args: persesArgs,
      env: goMemoryLimit(memory),
      files: [
        { path: `${paths.config}/${files.perses}`, content: persesConfig(settings), onChange: "restart" },
        ...resources.map(([name, content]) => ({ path: `${paths.live}/${name}`, content, onChange: "live" as const })),
      ],
      data: [{ path: paths.persesData, size: plugins }],
      scratch: [{ path: paths.persesDatabase, size: database }],
      ports: [screenPort(settings, { name: "http", port: http, publish: "perses" })],
      peers: compact([isShown(settings, "dashboards") && { from: "login", ports: ["http"] }]),
      certificates: prometheus.certificates,
      connects: prometheus.connects,
      probe: httpProbe(http, `${persesPrefix(settings) ?? ""}/api/v1/health`, 60),
      resources: { memory, cpu: 250, openFiles: 1024 },
      startsAfter: ["prometheus"],
      stopGrace: 5,
    }),
  ];
}

/** The real Jaeger as a pod of a stack on Kubernetes, with a stand-in for Elasticsearch behind it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { passwordFile } from "../../../configs/elasticsearch/users";
import { jaegerConfig } from "../../../configs/jaeger/config";
import type { Settings } from "../../../configs/stack/schema";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import { authorityFolder, files, paths } from "../../../configs/topology/ports";
import { standIn } from "../../rules/support/elasticsearch";
import { ready } from "../../rules/support/moved";
import { forOlderJaeger } from "./older-jaeger";
import { freePorts, program, run } from "./programs";

/** Stands for the address of the pod in its network. Loopback is another. */
export const podAddress = "127.0.0.2";
export const loopback = "127.0.0.1";

/** The port of this host for one of a pod's; undefined if nothing listens there. */
export type Ports = (port: number) => number | undefined;

interface Pod {
  readonly settings: Settings;
  /** Answer of Elasticsearch to each search. Default: nothing is found. */
  readonly found?: object;
  /** Edits the config. Default: it stays as it is. */
  readonly change?: (text: string) => string;
}

/** Runs Jaeger. Its certificate, and the authorities that it trusts, are in the folder. */
export async function withJaegerPod(
  folder: string,
  { settings, found, change = (text) => text }: Pod,
  meanwhile: (at: Ports) => Promise<void>,
): Promise<void> {
  const elasticsearch = await standIn(undefined, found);
  for (const user of ["writer", "reader"] as const) writeFileSync(join(folder, passwordFile(settings, user)), "x");
  for (const file of [files.strategies, files.ui]) writeFileSync(join(folder, file), "{}");
  const text = forOlderJaeger(jaegerConfig(settings, kubernetesTopology(settings)));
  const own = [
    ...new Set([...text.matchAll(/(?:0\.0\.0\.0|127\.0\.0\.1):(\d+)/g), ...text.matchAll(/ port: (\d+)/g)].map(([, port]) => Number(port))),
  ];
  const free = await freePorts(own.length);
  const at: Ports = (port) => free[own.indexOf(port)];
  const here = text
    .replaceAll(/(0\.0\.0\.0|127\.0\.0\.1):([1-9]\d*)/g, (_all, host: string, port: string) => {
      const address = host === loopback ? loopback : podAddress;
      return `${address}:${at(Number(port))!}`;
    })
    .replaceAll(
      /host: 0\.0\.0\.0\n(\s+)port: (\d+)/g,
      (_all, indent: string, port: string) => `host: ${podAddress}\n${indent}port: ${at(Number(port))!}`,
    )
    .replaceAll(kubernetesTopology(settings).elasticsearchUrl, elasticsearch.url)
    .replaceAll(paths.certificates, folder)
    .replaceAll(authorityFolder("prometheus"), folder)
    .replaceAll(paths.secrets, folder)
    .replaceAll(paths.live, folder)
    .replaceAll("reload_interval: 1m", "reload_interval: 1s");
  writeFileSync(join(folder, files.jaeger), change(here));
  try {
    const { output } = await run(program("jaeger"), [`--config=${join(folder, files.jaeger)}`], {
      until: ready,
      seconds: 80,
      meanwhile: () => meanwhile(at),
    });
    if (!ready.test(output)) throw new Error(`Jaeger did not start:\n${output}`);
  } finally {
    await elasticsearch.close();
  }
}

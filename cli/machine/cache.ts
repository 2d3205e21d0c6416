/** Cache for builds and downloads, outside of the project. */
import { homedir } from "node:os";
import { join } from "node:path";
import { images, type ImageName } from "../../configs/images";

export const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "tracing");

export const binariesDir = join(cacheDir, "bin");

/** The programs that are built for the host, and the image that each belongs to. */
const imageOf = {
  "otelcol-contrib": "otel-collector",
  jaeger: "jaeger",
  "es-index-cleaner": "jaeger-es-index-cleaner",
  prometheus: "prometheus",
  promtool: "prometheus",
  elasticsearch_exporter: "elasticsearch-exporter",
  alertmanager: "alertmanager",
  amtool: "alertmanager",
  perses: "perses",
  "oauth2-proxy": "oauth2-proxy",
} as const satisfies Record<string, ImageName>;

export type Program = keyof typeof imageOf;

/** The folder that holds the programs of one image. */
export function binaryDir(image: ImageName): string {
  return join(binariesDir, `${image}-${images[image].tested}`);
}

/** A program that runs on this host, such as `promtool`; `build.ts --binaries` makes it. */
export function binaryPath(program: Program): string {
  return join(binaryDir(imageOf[program]), program);
}

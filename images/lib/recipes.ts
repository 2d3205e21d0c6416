/** How each image is put together: what goes into the build context beside the image's own folder. */
import { copyFile, cp, link, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { images, type ImageName } from "../../configs/images";
import { addBusybox, addCertificates, haproxySystem, javaSystem } from "./debian";
import { addElasticsearch } from "./elasticsearch";
import { binariesHash, compile, isGoImage, sourceDir, type GoImage } from "./go-programs";
import { inputHash } from "./hash";
import { imagesDir } from "./folder";
import type { Step } from "./progress";
import { pluginArchives } from "./perses-plugins";
import { compilePerses } from "./perses-ui";
import { compileWithUi } from "./prometheus-ui";
import { run } from "./run";
import { tracePage } from "./trace-page";

export interface Build {
  /** The folder that the engine gets, with the Dockerfile in it. */
  readonly context: string;
  readonly step: Step;
  readonly log: string;
  /** Make everything anew, also what is cached. */
  readonly force: boolean;
}

interface Recipe {
  readonly description: string;
  assemble(build: Build): Promise<void>;
}

const recipes: Record<ImageName, Recipe> = {
  elasticsearch: {
    description: "Elasticsearch with few modules, for tests and closed networks",
    async assemble({ context, step, log, force }) {
      await link(await javaSystem({ step, log, force }), join(context, "rootfs.tar"));
      await addElasticsearch(context, step, log);
    },
  },
  "otel-collector": {
    description: "OpenTelemetry Collector with the components of the tracing stack",
    async assemble(build) {
      await addPrograms("otel-collector", ["otelcol-contrib"], build);
      await addCertificates(join(build.context, "rootfs"), build.log);
    },
  },
  jaeger: {
    description: "Jaeger, with a small trace page in place of its user interface",
    async assemble(build) {
      await addPrograms("jaeger", ["jaeger"], build);
      await cp(await tracePage(build), join(build.context, "trace-page"), { recursive: true });
      await addBase(build);
      await copyFile(
        join(await sourceDir("jaeger", build.log), "cmd/jaeger/sampling-strategies.json"),
        join(build.context, "sampling-strategies.json"),
      );
    },
  },
  "jaeger-es-index-cleaner": {
    description: "Deletes Jaeger's old indices from Elasticsearch",
    async assemble(build) {
      await addPrograms("jaeger-es-index-cleaner", ["es-index-cleaner"], build);
      await addBase(build);
    },
  },
  prometheus: {
    description: "Prometheus",
    async assemble(build) {
      await linkPrograms(await compileWithUi(build), ["prometheus", "promtool"], build);
      await addBase(build);
      await copyFile(
        join(await sourceDir("prometheus", build.log), "documentation/examples/prometheus.yml"),
        join(build.context, "prometheus.yml"),
      );
      await mkdir(join(build.context, "data"), { mode: 0o775 });
    },
  },
  "elasticsearch-exporter": {
    description: "Elasticsearch's metrics for Prometheus",
    async assemble(build) {
      await addPrograms("elasticsearch-exporter", ["elasticsearch_exporter"], build);
      await addBase(build);
    },
  },
  alertmanager: {
    description: "Alertmanager, without its pages",
    async assemble(build) {
      await addPrograms("alertmanager", ["alertmanager", "amtool"], build);
      await addBase(build);
      await copyFile(
        join(await sourceDir("alertmanager", build.log), "examples/ha/alertmanager.yml"),
        join(build.context, "alertmanager.yml"),
      );
      await mkdir(join(build.context, "data"), { mode: 0o775 });
    },
  },
  perses: {
    description: "Perses, with the plugins that the stack's dashboards use",
    async assemble(build) {
      await linkPrograms(await compilePerses(build), ["perses"], build);
      const archives = await pluginArchives(build);
      await cp(archives, join(build.context, "plugins-archive"), { recursive: true, filter: (file) => !basename(file).startsWith(".") });
      await addCertificates(join(build.context, "rootfs"), build.log);
      await copyFile(join(await sourceDir("perses", build.log), "docs/examples/config.docker.yaml"), join(build.context, "config.yaml"));
      await mkdir(join(build.context, "data"));
    },
  },
  haproxy: {
    description: "HAProxy",
    async assemble({ context, step, log, force }) {
      await link(await haproxySystem({ step, log, force }), join(context, "rootfs.tar"));
      await addBusybox(join(context, "rootfs"), log);
    },
  },
  "oauth2-proxy": {
    description: "oauth2-proxy",
    async assemble(build) {
      await addPrograms("oauth2-proxy", ["oauth2-proxy"], build);
      await addCertificates(join(build.context, "rootfs"), build.log);
    },
  },
  busybox: {
    description: "A shell and small tools in one static program",
    assemble: ({ context, log }) => addBusybox(join(context, "rootfs"), log),
  },
};

export function describe(name: ImageName): string {
  return recipes[name].description;
}

/** What an image is made from. Debian's packages are not part of it: `--force` takes newer ones. */
export function imageHash(name: ImageName): string {
  const { official: _, ...own } = images[name];
  return inputHash([name, "lib/recipes.ts", "lib/debian.ts", ...makers(name)], own, isGoImage(name) ? binariesHash(name) : "");
}

/** The code that makes what only one image has. */
function makers(name: ImageName): string[] {
  if (name === "elasticsearch") return ["lib/elasticsearch.ts"];
  if (name === "jaeger") return ["lib/trace-page.ts"];
  if (name === "perses") return ["lib/perses-pages.ts", "lib/perses-plugins.ts", "lib/perses-ui.ts"];
  return name === "prometheus" ? ["lib/prometheus-ui.ts"] : [];
}

/** Fills the build context of an image. */
export async function assemble(name: ImageName, build: Build): Promise<void> {
  // A page's packages are for its tests and its editor: a build installs its own.
  await cp(join(imagesDir, name), build.context, { recursive: true, filter: (source) => basename(source) !== "node_modules" });
  // Whatever the umask was when the project was checked out.
  await run("chmod", ["-R", "u=rwX,go=rX", build.context]);
  await mkdir(join(build.context, "rootfs"));
  await recipes[name].assemble(build);
  // With the same dates the same files make the same layers.
  await run("find", [build.context, "-exec", "touch", "--no-dereference", "--date=@0", "{}", "+"]);
}

async function addPrograms(name: GoImage, programs: readonly string[], build: Build): Promise<void> {
  await linkPrograms(await compile(name, build), programs, build);
}

async function linkPrograms(dir: string, programs: readonly string[], build: Build): Promise<void> {
  for (const program of programs) await link(join(dir, program), join(build.context, program));
}

async function addBase({ context, log }: Build): Promise<void> {
  await addBusybox(join(context, "rootfs"), log);
  await addCertificates(join(context, "rootfs"), log);
}

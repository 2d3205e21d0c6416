/** Elasticsearch's distribution, from Maven Central, arranged as it is in the official image. */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { images } from "../../configs/images";
import { imagesDir } from "./folder";
import type { Step } from "./progress";
import { run } from "./run";

/** The distribution that was tried. Another version has another sum. */
export const distribution: Readonly<Record<"version" | "artifact" | "sha512", string>> = {
  version: "8.19.0",
  artifact: "org.elasticsearch.distribution.integ-test-zip:elasticsearch",
  sha512:
    "bd600df798d23d2683c999e19299164a2b3af265bc09b43fb86e1f5fbc0ccb14e8b2ac12b36631d835bcabc0eda2a050e06696e9f9ac283a309be6a6612a8017",
};

/** Makes the folder `elasticsearch` in the build context: what becomes /usr/share/elasticsearch. */
export async function addElasticsearch(context: string, step: Step, log: string): Promise<void> {
  const { version } = distribution;
  if (version !== images.elasticsearch.tested) {
    throw new Error(
      `configs/images.ts wants elasticsearch ${images.elasticsearch.tested}; images/lib/elasticsearch.ts has the distribution ${version}`,
    );
  }
  const home = join(context, "elasticsearch");
  await step("getting the distribution", async () => {
    const archive = join(context, `elasticsearch-${version}.zip`);
    await run(
      "mvn",
      ["--batch-mode", "dependency:copy", `-Dartifact=${distribution.artifact}:${version}:zip`, `-DoutputDirectory=${context}`],
      { cwd: context, log },
    );
    const sum = createHash("sha512")
      .update(await readFile(archive))
      .digest("hex");
    if (sum !== distribution.sha512)
      throw new Error(`the distribution on Maven Central is not the one that was tried: its SHA-512 is ${sum}`);
    await run("unzip", ["-q", archive, "-d", context], { log });
    await rename(join(context, `elasticsearch-${version}`), home);
    await rm(archive);
  });
  await step("arranging it", async () => {
    for (const name of await readdir(join(home, "bin"))) if (/\.(bat|exe)$/.test(name)) await rm(join(home, "bin", name));
    await cp(join(imagesDir, "elasticsearch/config"), join(home, "config"), { recursive: true });
    await symlink("/usr/lib/jvm/java", join(home, "jdk"));
    await addMissingParts(home, log);
    await presentAsContainer(join(home, "bin/elasticsearch-env"));
    // The folders that are written to are the group's as well, so that any user of group 0 will do.
    for (const dir of ["data", "logs", "plugins", "config/jvm.options.d"]) await mkdir(join(home, dir), { recursive: true });
    await run("chmod", ["-R", "u=rwX,g=rX,o=rX", home]);
    await run("chmod", ["-R", "g=u", ...["config", "data", "logs", "plugins"].map((dir) => join(home, dir))]);
  });
}

/** Tells Elasticsearch that it runs in a container: it then reads settings from the environment. The official image does the same. */
async function presentAsContainer(script: string): Promise<void> {
  const text = await readFile(script, "utf8");
  const changed = text.replace("ES_DISTRIBUTION_TYPE=zip", "ES_DISTRIBUTION_TYPE=docker");
  if (changed === text) throw new Error(`${script} no longer says ES_DISTRIBUTION_TYPE=zip`);
  await writeFile(script, changed);
}

/** Compiles the module of our own against the distribution's libraries. */
async function addMissingParts(home: string, log: string): Promise<void> {
  const sources = join(imagesDir, "elasticsearch/missing-parts");
  const module = join(home, "modules/missing-parts");
  const classes = join(home, "missing-parts-classes");
  const java = (await readdir(sources)).filter((file) => file.endsWith(".java")).map((file) => join(sources, file));
  await mkdir(module);
  await run("javac", ["--release", "17", "-proc:none", "-cp", join(home, "lib/*"), "-d", classes, ...java], { log });
  await run(
    "jar",
    ["--create", "--no-manifest", "--date=1980-01-01T00:00:02Z", "--file", join(module, "missing-parts.jar"), "-C", classes, "."],
    { log },
  );
  await rm(classes, { recursive: true });
  const descriptor = await readFile(join(sources, "plugin-descriptor.properties"), "utf8");
  await writeFile(join(module, "plugin-descriptor.properties"), descriptor.replaceAll("@version@", distribution.version));
}

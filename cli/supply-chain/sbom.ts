/** SBOMs in CycloneDX's format, made by Syft: what is inside the packages and the images. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageNames, imageReference, imageVersion, type ImageName, type ImageOrigin } from "../../configs/images";
import { version } from "../../configs/version";
import { goTool } from "../machine/go-tools";
import { execOrThrow } from "../machine/run";
import { inTemporaryFolder } from "../machine/temporary-folder";
import { projectFolder } from "../stack/stack";
import { djangoFolder } from "../suites/python";
import { heartbeat, UserError } from "../terminal/output";
import { completed, contentsByImage, lockFileOf, type Contents, type Sbom } from "./contents";
import { requirementsOfPackage } from "./locked-python";

/** Subjects of SBOMs: the stack as an npm package, the Django package, and each image. */
export type Subject = "stack" | "thebot-tracing" | ImageName;

export const subjects: readonly Subject[] = ["stack", "thebot-tracing", ...imageNames];

/** The subjects that words name; `images` is all images. Throws a UserError for any other word. */
export function subjectsNamed(words: readonly string[]): readonly Subject[] {
  const named = words.flatMap((word): readonly string[] => (word === "images" ? imageNames : [word]));
  const unknown = named.filter((word) => !subjects.some((subject) => subject === word));
  if (unknown.length > 0) throw new UserError(`--only: found ${unknown.join(", ")}; allowed: ${["images", ...subjects].join(", ")}`);
  return named.length === 0 ? subjects : subjects.filter((subject) => named.includes(subject));
}

/** The file of a subject's SBOM. */
export const sbomFile = (subject: Subject): string => `${subject}.cdx.json`;

/** Writes the SBOMs of subjects into a folder. Local images are the engine's; official ones are read from their registries. */
export async function writeSboms(chosen: readonly Subject[], source: ImageOrigin["source"], out: string): Promise<void> {
  const own = chosen.filter(isImage);
  const contents = source === "local" && own.length > 0 ? await contentsOfLocal(own) : {};
  mkdirSync(out, { recursive: true });
  for (const subject of chosen) {
    await inTemporaryFolder(async (work) => {
      const { what, version: number } = scanned(subject, source, work);
      const file = join(out, sbomFile(subject));
      await heartbeat(`syft ${subject}`, syft(what, file, "--source-name", subject, "--source-version", number));
      const more = contents[subject];
      if (more) await complete(file, more, work);
    });
  }
}

async function syft(what: string, file: string, ...more: string[]): Promise<void> {
  const args = ["scan", what, "--output", `cyclonedx-json=${file}`, "--quiet", ...more];
  await execOrThrow(await goTool("syft"), args, { env: { SYFT_CHECK_FOR_APP_UPDATE: "false" } });
}

const isImage = (subject: Subject): subject is ImageName => imageNames.some((name) => name === subject);

/** Contents of local images that only the builder knows. */
async function contentsOfLocal(names: readonly ImageName[]): Promise<Readonly<Record<string, Contents>>> {
  const args = ["--import", "tsx", join("images", "build.ts"), "--contents", "--only", names.join(",")];
  return contentsByImage(await execOrThrow(process.execPath, args, { cwd: projectFolder }));
}

/** Adds to an image's SBOM what only its builder knows. */
async function complete(file: string, contents: Contents, work: string): Promise<void> {
  const read = (from: string) => JSON.parse(readFileSync(from, "utf8")) as Sbom;
  const pages = join(work, "pages.cdx.json");
  if (contents.packages.length > 0) {
    const lock = join(work, "package-lock.json");
    writeFileSync(lock, lockFileOf(contents.packages));
    await syft(`file:${lock}`, pages);
  }
  const whole = completed(read(file), contents, contents.packages.length > 0 ? read(pages) : undefined);
  writeFileSync(file, `${JSON.stringify(whole, null, 2)}\n`);
}

/** Syft's source for a subject, and the subject's version. */
function scanned(subject: Subject, source: ImageOrigin["source"], work: string): { readonly what: string; readonly version: string } {
  if (subject === "stack") return { what: `file:${join(projectFolder, "package-lock.json")}`, version };
  if (subject === "thebot-tracing") {
    const file = join(work, "requirements.txt");
    writeFileSync(file, `${requirementsOfPackage(readFileSync(join(djangoFolder, "requirements", "newest.txt"), "utf8")).join("\n")}\n`);
    const [, own = ""] = /^version = "(.*)"$/m.exec(readFileSync(join(djangoFolder, "pyproject.toml"), "utf8")) ?? [];
    return { what: `file:${file}`, version: own };
  }
  const origin = { source };
  const reference = imageReference(subject, origin);
  return { what: `${source === "local" ? "docker" : "registry"}:${reference}`, version: imageVersion(subject, origin) };
}

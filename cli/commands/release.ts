/** Checks that the sources are the release that a tag asks for, and makes its notes and its package. Run by .github/workflows/release.yml. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { version } from "../../configs/version";
import { execOrThrow } from "../machine/run";
import { inTemporaryFolder } from "../machine/temporary-folder";
import { linkedNotes, publishedManifest, releaseOf, type Released, type Sources } from "../supply-chain/release";
import { projectFolder } from "../stack/stack";
import { djangoFolder, pythonOf } from "../suites/python";
import { command } from "../terminal/command";
import { heartbeat, note, step } from "../terminal/output";

const json = (file: string) => JSON.parse(readFileSync(join(projectFolder, file), "utf8")) as Readonly<Record<string, unknown>>;

function sourcesOf(released: Released): Sources {
  if (released === "stack") {
    const versions = {
      "package.json": json("package.json").version as string,
      "package-lock.json": json("package-lock.json").version as string,
      "configs/version.ts": version,
    };
    return { versions, changelog: readFileSync(join(projectFolder, "CHANGELOG.md"), "utf8") };
  }
  const project = readFileSync(join(djangoFolder, "pyproject.toml"), "utf8");
  const versions = { "pyproject.toml": /^version = "(.*)"$/m.exec(project)?.[1] };
  return { versions, changelog: readFileSync(join(djangoFolder, "CHANGELOG.md"), "utf8") };
}

interface Flags {
  readonly tag: string;
  readonly repository: string;
  readonly out: string;
}

const release = command(
  "Check the tag against the versions in the files and the changelog, and write notes.md and the package. Nothing is published.",
)
  .requiredOption("--tag <tag>", "v1.2.3: the stack, as an npm package; thebot-tracing-v1.2.3: the Django package")
  .requiredOption("--repository <owner/name>", "on GitHub; the npm package gets the owner's name as its scope")
  .option("--out <folder>", "output folder", "release");

export default release.action(async ({ tag, repository, out }: Flags) => {
  const { released, version: number, notes } = releaseOf(tag, sourcesOf);
  const folder = resolve(out);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "package"), { recursive: true });
  writeFileSync(
    join(folder, "notes.md"),
    `${linkedNotes(notes, repository, tag, released === "stack" ? "" : relative(projectFolder, djangoFolder))}\n`,
  );
  step(`${released} ${number}`);
  await (released === "stack" ? npmPackage(repository, join(folder, "package")) : pythonPackage(join(folder, "package")));
  note(`${out}/ has the notes and the package`);
});

/** What `npm publish` takes: built, with the manifest that is published. */
async function npmPackage(repository: string, out: string): Promise<void> {
  await heartbeat("npm run build", execOrThrow("npm", ["run", "build"], { cwd: projectFolder }));
  await inTemporaryFolder(async (work) => {
    for (const name of ["dist", "README.md", "LICENSE"]) cpSync(join(projectFolder, name), join(work, name), { recursive: true });
    writeFileSync(join(work, "package.json"), `${JSON.stringify(publishedManifest(json("package.json"), repository), null, 2)}\n`);
    await execOrThrow("npm", ["pack", "--pack-destination", out], { cwd: work });
  });
}

/** A wheel and the source distribution, by the locked builder. */
async function pythonPackage(out: string): Promise<void> {
  const python = await pythonOf("newest");
  await heartbeat("python -m build", execOrThrow(python, ["-m", "build", "--no-isolation", "--outdir", out], { cwd: djangoFolder }));
}

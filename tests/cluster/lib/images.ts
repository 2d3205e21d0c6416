/** Images of the node: those of its own programs are made here, all others come from a container engine or an archive. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { imageNames, imageReference } from "../../../configs/images";
import { execOrThrow, run } from "../../../cli/machine/run";
import { heartbeat, note, UserError } from "../../../cli/terminal/output";
import { at, programs, versions } from "./layout";

/** The node's own images, FROM scratch, with one static program each. */
export const pauseImage = "docker.io/tracing/pause:1";
export const corednsImage = `docker.io/tracing/coredns:${versions.coredns}`;

const ctr = (...args: string[]) => execOrThrow("ctr", ["--address", at("containerd.sock"), "--namespace", "k8s.io", ...args]);

/** Imports an archive of images, as `docker save` writes it. */
export async function importArchive(archive: string): Promise<void> {
  await heartbeat(`importing ${basename(archive)}`, ctr("images", "import", archive));
}

/** Imports the stack's images as the container engine has them. */
export async function importFromEngine(): Promise<void> {
  const names = imageNames.map((name) => imageReference(name, { source: "local" }));
  const archive = at("images.tar");
  const { ok, output } = await heartbeat("docker save", run("docker", ["save", "--output", archive, ...names]));
  if (!ok) throw new UserError(`the container engine has not all images of the stack; make images builds them\n${output}`);
  await importArchive(archive);
  rmSync(archive);
}

/** Makes the images of the node's own programs. */
export async function importOwn(): Promise<void> {
  for (const [reference, program, user] of [
    [pauseImage, "pause", "65535"],
    [corednsImage, "coredns", "65532"],
  ] as const) {
    const archive = await singleProgram(reference, join(programs, program), user);
    await importArchive(archive);
    rmSync(archive);
  }
  note("images of the node's own programs are there");
}

/** An archive, in the form of `docker save`, of an image that holds one program. */
async function singleProgram(reference: string, program: string, user: string): Promise<string> {
  const work = mkdtempSync(at("image-"));
  try {
    mkdirSync(join(work, "root"));
    copyFileSync(program, join(work, "root", basename(program)));
    chmodSync(join(work, "root", basename(program)), 0o755);
    const fixed = ["--owner=0", "--group=0", "--mtime=@0", "--sort=name"];
    await execOrThrow("tar", ["--create", "--file", join(work, "layer.tar"), ...fixed, "--directory", join(work, "root"), "."]);
    const layer = createHash("sha256")
      .update(readFileSync(join(work, "layer.tar")))
      .digest("hex");
    const config = {
      architecture: { x64: "amd64", arm64: "arm64" }[process.arch as string] ?? process.arch,
      os: "linux",
      config: { Entrypoint: [`/${basename(program)}`], User: user },
      rootfs: { type: "layers", diff_ids: [`sha256:${layer}`] },
    };
    writeFileSync(join(work, "config.json"), JSON.stringify(config));
    writeFileSync(join(work, "manifest.json"), JSON.stringify([{ Config: "config.json", RepoTags: [reference], Layers: ["layer.tar"] }]));
    const archive = at(`${basename(program)}.tar`);
    await execOrThrow("tar", ["--create", "--file", archive, "--directory", work, "manifest.json", "config.json", "layer.tar"]);
    return archive;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Parts of images that come from Debian's packages, by way of this host's own package sources. */
import { chmod, copyFile, mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { images } from "../../configs/images";
import { inputHash } from "./hash";
import { cacheDir } from "../../cli/machine/cache";
import type { Step } from "./progress";
import { run, withWorkDir } from "./run";

/** The release whose packages are used: the last one with both Java 17 and a busybox of the version in configs/images.ts. */
export const debianRelease = "bookworm";

/** Unpacks one package, without installing it anywhere. */
async function withPackage<T>(name: string, log: string, action: (dir: string) => Promise<T>): Promise<T> {
  return withWorkDir(async (work) => {
    await run("apt-get", ["download", "-o", "APT::Sandbox::User=root", name], { cwd: work, log });
    const [archive] = (await readdir(work)).filter((file) => file.endsWith(".deb"));
    if (!archive) throw new Error(`apt-get downloaded nothing for ${name}`);
    await run("dpkg-deb", ["--extract", archive, "root"], { cwd: work, log });
    return action(join(work, "root"));
  });
}

/** Puts busybox, a link for each of its applets, and what else programs expect of a small system into the folder `root`. */
export async function addBusybox(root: string, log: string): Promise<void> {
  const bin = join(root, "bin");
  await mkdir(bin, { recursive: true });
  await withPackage("busybox-static", log, (dir) => copyFile(join(dir, "bin/busybox"), join(bin, "busybox")));
  const { tested: version } = images.busybox;
  const banner = await run(join(bin, "busybox"), ["--help"], { log });
  if (!banner.startsWith(`BusyBox v${version} `))
    throw new Error(`configs/images.ts wants busybox ${version}; the package has ${banner.split("\n")[0]}`);
  for (const applet of (await run(join(bin, "busybox"), ["--list"], { log })).trim().split("\n")) {
    if (applet !== "busybox") await symlink("busybox", join(bin, applet));
  }
  await mkdir(join(root, "etc"), { recursive: true });
  await writeFile(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n");
  await writeFile(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
  await mkdir(join(root, "tmp"));
  await chmod(join(root, "tmp"), 0o1777);
}

/** Puts the usual certificate authorities into the folder `root`, where Go programs look for them. */
export async function addCertificates(root: string, log: string): Promise<void> {
  const certificates = await withPackage("ca-certificates", log, async (dir) => {
    const authorities = join(dir, "usr/share/ca-certificates/mozilla");
    const files = (await readdir(authorities)).filter((file) => file.endsWith(".crt")).sort();
    return Promise.all(files.map((file) => readFile(join(authorities, file), "utf8")));
  });
  await mkdir(join(root, "etc/ssl/certs"), { recursive: true });
  await writeFile(join(root, "etc/ssl/certs/ca-certificates.crt"), certificates.join(""));
}

interface SystemOptions {
  readonly step: Step;
  readonly log: string;
  readonly force: boolean;
}

/** Makes sure that the cache has the archive of a small Debian with Java, and returns its path. */
export function javaSystem(options: SystemOptions): Promise<string> {
  const { user } = images.elasticsearch;
  const args = [
    "--variant=essential",
    "--include=openjdk-17-jre-headless,tini,curl",
    // No flush to disk after each file: nobody needs a half-made system back.
    "--dpkgopt=force-unsafe-io",
    ...["doc", "info", "locale", "man"].map((dir) => `--dpkgopt=path-exclude=/usr/share/${dir}/*`),
    // Java's installation makes links to manual pages, and fails where their folder is missing.
    '--essential-hook=mkdir -p "$1/usr/share/man/man1"',
    // The same path whatever the machine's architecture.
    '--customize-hook=ln -s "$(basename "$1"/usr/lib/jvm/java-17-openjdk-*)" "$1/usr/lib/jvm/java"',
    `--customize-hook=echo "elasticsearch:x:${user.uid}:${user.gid}::/usr/share/elasticsearch:/bin/bash" >> "$1/etc/passwd"`,
    '--customize-hook=rm -rf "$1"/var/cache/* "$1"/var/log/*',
  ];
  return debianSystem("java", args, options);
}

/** The same with HAProxy and the libraries that it needs, unpacked and nothing else. */
export const haproxySystem = (options: SystemOptions): Promise<string> =>
  debianSystem(
    "haproxy",
    ["--variant=extract", "--include=haproxy", '--customize-hook=rm -rf "$1"/usr/share "$1"/var "$1"/etc "$1"/bin'],
    options,
  );

async function debianSystem(name: string, args: readonly string[], options: SystemOptions): Promise<string> {
  const dir = join(cacheDir, "rootfs");
  const archive = join(dir, `${name}-${inputHash([], [...args], debianRelease)}.tar`);
  if (existsSync(archive) && !options.force) return archive;
  await mkdir(dir, { recursive: true });
  await withWorkDir(async (work) => {
    const made = join(work, "rootfs.tar");
    await options.step(`making a Debian with ${name}`, () =>
      // The date is part of each file; a fixed one makes the archive the same each time.
      run("mmdebstrap", [...args, debianRelease, made, ...packageSources()], { env: { SOURCE_DATE_EPOCH: "0" }, log: options.log }),
    );
    await rename(made, archive);
  });
  return archive;
}

/** The host's own sources of Debian's packages: a mirror that this machine needs is used here too. */
function packageSources(): string[] {
  return ["/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources"].filter((file) => existsSync(file));
}

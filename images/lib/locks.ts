/** What lock files install for a page: pure functions on their texts. Packages for building and testing it are left out. */
import { posix } from "node:path";
import { parse } from "yaml";
import type { NpmPackage } from "../../cli/supply-chain/contents";

interface Wanted {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

interface NpmEntry extends Wanted {
  readonly name?: string;
  readonly version?: string;
  /** A workspace: `resolved` is its folder. */
  readonly link?: boolean;
  readonly resolved?: string;
}

/**
 * What npm installs for a workspace.
 *
 * @param lock Text of package-lock.json, version 2 or 3.
 * @param workspace Its folder; empty for the lock file's own package.
 */
export function npmPackages(lock: string, workspace = ""): NpmPackage[] {
  const { packages } = JSON.parse(lock) as { readonly packages: Readonly<Record<string, NpmEntry>> };
  const entry = (place: string) => {
    const found = packages[place];
    if (!found) throw new Error(`the lock file has no ${place || "package of its own"}`);
    return found;
  };
  const places = reached([workspace], (place) => neededBy(entry(place)).map((name) => placeOf(name, place)));
  return places.flatMap((place) => {
    const { name = place.replace(/^.*node_modules\//, ""), version } = entry(place);
    return place === workspace || version === undefined ? [] : [{ name, version }];
  });

  /** Where Node.js finds a package that a file in a folder imports. */
  function placeOf(name: string, from: string): string {
    for (let folder = from; ; folder = folder.replace(/(^|\/)[^/]*$/, "")) {
      const place = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
      const found = packages[place];
      if (found) return found.link ? (found.resolved ?? place) : place;
      if (folder === "") throw new Error(`the lock file has no ${name}, which ${from || "its own package"} needs`);
    }
  }
}

/** Optional ones are programs for single platforms, which no page holds. */
const neededBy = ({ dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }: Wanted): string[] => [
  ...Object.keys(dependencies),
  ...Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true),
];

interface PnpmLock {
  readonly importers: Readonly<Record<string, { readonly dependencies?: Readonly<Record<string, { readonly version: string }>> }>>;
  readonly snapshots: Readonly<Record<string, { readonly dependencies?: Readonly<Record<string, string>> }>>;
}

/**
 * What pnpm installs for a workspace.
 *
 * @param lock Text of pnpm-lock.yaml, version 9.
 * @param workspace Its folder.
 */
export function pnpmPackages(lock: string, workspace: string): NpmPackage[] {
  const { importers, snapshots } = parse(lock) as PnpmLock;
  const importer = (folder: string) => {
    const found = importers[folder];
    if (!found) throw new Error(`the lock file has no workspace ${folder}`);
    return Object.entries(found.dependencies ?? {}).map(([name, { version }]) => key(name, version, folder));
  };
  const snapshot = (name: string) => {
    const found = snapshots[name];
    if (!found) throw new Error(`the lock file has no ${name}`);
    return Object.entries(found.dependencies ?? {}).map(([name, version]) => key(name, version, ""));
  };
  const all = reached([workspace], (place) => (place in importers ? importer(place) : snapshot(place)));
  return unique(
    all.flatMap((place) => {
      const [, name, version] = /^(@?[^@]+)@([^(]+)/.exec(place) ?? [];
      return place in importers || name === undefined || version === undefined ? [] : [{ name, version }];
    }),
  );
}

/** A package's key among the snapshots, or the folder of a workspace. An alias is written as the whole key. */
function key(name: string, version: string, from: string): string {
  if (version.startsWith("link:")) return posix.join(from, version.slice("link:".length));
  return /^@?[^@(]+@/.test(version) ? version : `${name}@${version}`;
}

/** All that some places lead to, the places themselves included. */
function reached(start: readonly string[], next: (place: string) => readonly string[]): string[] {
  const found = new Set(start);
  for (const place of found) for (const other of next(place)) found.add(other);
  return [...found];
}

const unique = (packages: readonly NpmPackage[]) => [...new Map(packages.map((one) => [`${one.name}@${one.version}`, one])).values()];

/** Releases by tag: pure functions on the files that contain the version. */
import { UserError } from "../terminal/output";

/** The two released packages, and the prefix of their tags. */
const tagPrefixes = { stack: "v", "thebot-tracing": "thebot-tracing-v" } as const;

export type Released = keyof typeof tagPrefixes;

/** A package's sources, as texts. */
export interface Sources {
  /** Versions that its files give, by file. All must be the tag's. */
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly changelog: string;
}

export interface Release {
  readonly released: Released;
  readonly version: string;
  /** The changelog's section, in Markdown, without its heading. */
  readonly notes: string;
}

/** The package that a tag releases, and its version. Throws a UserError for any other tag. */
export function taggedPackage(tag: string): { readonly released: Released; readonly version: string } {
  for (const [released, prefix] of Object.entries(tagPrefixes) as [Released, string][]) {
    const version = tag.startsWith(prefix) ? tag.slice(prefix.length) : "";
    if (/^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/.test(version)) return { released, version };
  }
  const allowed = Object.values(tagPrefixes).map((prefix) => `${prefix}1.2.3`);
  throw new UserError(`--tag: found ${JSON.stringify(tag)}; allowed: ${allowed.join(" or ")}`);
}

/** The release that a tag asks for. Throws a UserError with all that keeps the sources from being it. */
export function releaseOf(tag: string, sourcesOf: (released: Released) => Sources): Release {
  const { released, version } = taggedPackage(tag);
  const { versions, changelog } = sourcesOf(released);
  const notes = sectionOf(changelog, version);
  const problems = [
    ...Object.entries(versions)
      .filter(([, found]) => found !== version)
      .map(([file, found]) => `${file}: found version ${found ?? "none"}; the tag says ${version}`),
    ...(notes === "" ? [`the changelog has no section "## ${version}", or nothing in it`] : []),
  ];
  if (problems.length > 0) throw new UserError(`${tag} cannot be released:\n  ${problems.join("\n  ")}`);
  return { released, version, notes };
}

/** A version's section of a changelog; its heading may have a date. Empty if there is none. */
function sectionOf(changelog: string, version: string): string {
  const [, ...sections] = changelog.split(/^## /m);
  const own = sections.find((section) => section.split(/[\s(]/, 1)[0] === version);
  return (own ?? "").replace(/^.*/, "").trim();
}

/**
 * Notes whose links lead into the repository at the tag: on a release's page, relative ones lead nowhere.
 *
 * @param folder The changelog's, such as `instrumentation/django`; empty for the repository's root.
 */
export function linkedNotes(notes: string, repository: string, tag: string, folder: string): string {
  const root = `https://github.com/${repository}/blob/${tag}/`;
  return notes.replace(
    /\]\((?![a-z]+:)([^)]+)\)/g,
    (_, path: string) => `](${new URL(path, `${root}${folder ? `${folder}/` : ""}`).href})`,
  );
}

type Manifest = Readonly<Record<string, unknown>>;

/**
 * The manifest that is published: under the name of the repository's owner, with the repository that its provenance names. In this repository the
 * package is private, so that nobody publishes it from a desk.
 *
 * @param repository Such as `owner/name`.
 */
export function publishedManifest(manifest: Manifest, repository: string): Manifest {
  const [owner, name] = repository.split("/");
  if (!owner || !name) throw new UserError(`--repository: found ${JSON.stringify(repository)}; allowed: owner/name`);
  const { private: _, scripts: __, devDependencies: ___, overrides: ____, ...rest } = manifest;
  return {
    ...rest,
    name: `@${owner.toLowerCase()}/${String(manifest.name)}`,
    repository: { type: "git", url: `git+https://github.com/${repository}.git` },
    publishConfig: { access: "public", provenance: true },
  };
}

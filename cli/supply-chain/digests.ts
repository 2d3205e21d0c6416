/** Digests of images, asked from their registries by the OCI distribution protocol. */
import { createHash } from "node:crypto";
import { UserError } from "../terminal/output";

/** Accepted manifest types. An index comes first, so that one digest covers all architectures. */
const manifests = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** How long a registry may take for an answer. */
const patience = 30_000;

/**
 * The digest of what a tag leads to now, such as `sha256:…`. Asks without a login. Throws a UserError where there is no answer.
 *
 * @param reference Registry, repository and tag, such as `docker.io/library/busybox:1.37.0`.
 */
export async function digestOf(reference: string): Promise<string> {
  const [, host = "", repository = "", tag = ""] = /^([^/]+)\/(.+):([\w.-]+)$/.exec(reference) ?? [];
  if (tag === "") throw new UserError(`${reference}: names no registry, repository and tag`);
  const answer = await manifest(reference, `${addressOf(host)}/v2/${repository}/manifests/${tag}`);
  if (!answer.ok) throw new UserError(`${reference}: ${host} answers ${answer.status} ${answer.statusText}`.trim());
  // The digest is the hash of the manifest's bytes.
  return `sha256:${createHash("sha256")
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest("hex")}`;
}

/** Registries on this machine speak http, as Docker has it too. */
function addressOf(host: string): string {
  if (/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(host)) return `http://${host}`;
  return `https://${host === "docker.io" ? "registry-1.docker.io" : host}`;
}

async function manifest(reference: string, address: string): Promise<Response> {
  const first = await asked(reference, address);
  const challenge = first.status === 401 ? first.headers.get("www-authenticate") : null;
  return challenge ? asked(reference, address, await token(reference, challenge)) : first;
}

/** Public images too have a token, which anybody gets. */
async function token(reference: string, challenge: string): Promise<string> {
  const { realm, ...query } = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
  ) as Record<string, string>;
  if (!/^bearer /i.test(challenge) || !realm) throw new UserError(`${reference}: its registry asks for a login`);
  const answer = await asked(reference, `${realm}?${new URLSearchParams(query).toString()}`);
  if (!answer.ok) throw new UserError(`${reference}: its registry asks for a login`);
  const given = (await answer.json()) as { readonly token?: string; readonly access_token?: string };
  return given.token ?? given.access_token ?? "";
}

async function asked(reference: string, address: string, bearer?: string): Promise<Response> {
  const headers = { accept: manifests.join(", "), ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) };
  try {
    return await fetch(address, { headers, signal: AbortSignal.timeout(patience) });
  } catch (error) {
    const { cause, message } = error as Error & { readonly cause?: Error };
    throw new UserError(`${reference}: ${new URL(address).host} cannot be reached (${cause?.message ?? message})`);
  }
}

/** The text of configs/images.ts with these digests, keyed by reference without digest. Replaces existing digests. */
export function withDigests(source: string, digests: ReadonlyMap<string, string>): string {
  return source.replace(/(official: ")([^"@]+)(?:@[^"]*)?(")/g, (whole, before: string, reference: string, after: string) => {
    const digest = digests.get(reference);
    return digest === undefined ? whole : `${before}${reference}@${digest}${after}`;
  });
}

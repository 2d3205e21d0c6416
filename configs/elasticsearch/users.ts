/** Elasticsearch's users: one for each consumer, which may do its work and no more. The superuser is for the setup alone. */
import { indexKinds, indexPattern, type IndexKind } from "./templates";
import type { Settings } from "../stack/schema";
import { ownElasticsearch } from "../topology/kubernetes";
import { files } from "../topology/ports";

/** What users depend on. */
export type UserSettings = Pick<Settings, "elasticsearch">;

/** The consumers' users: Jaeger writes as one and reads as another. */
export const serviceUsers = ["writer", "reader", "cleaner", "metrics", "graph", "snapshots"] as const;

/** One of them. */
export type ServiceUser = (typeof serviceUsers)[number];

/** Those that a stack has. */
export const usersOf = (settings: UserSettings): readonly ServiceUser[] =>
  hasOwnUsers(settings) ? serviceUsers.filter((user) => user !== "snapshots" || hasSnapshots(settings)) : [];

/** Whether copies of the indices are made. */
export const hasSnapshots = ({ elasticsearch: { snapshots } }: UserSettings): boolean => snapshots.store !== "off";

/** A role, as Elasticsearch's API takes it. */
export interface Role {
  readonly cluster: readonly string[];
  readonly indices: readonly { readonly names: readonly string[]; readonly privileges: readonly string[] }[];
}

/** The built-in superuser, which a fresh node has. */
export const superuser = "elastic";

/** Who the setup logs in as. */
export const setupUser = ({ elasticsearch }: UserSettings): string => elasticsearch.external?.user ?? superuser;

/** Whether each consumer has a user of its own; else all log in as the setup does. */
export const hasOwnUsers = ({ elasticsearch }: UserSettings): boolean => elasticsearch.external?.createUsers ?? true;

/** What the names of a stack's roles, users and templates begin with. */
export const namesOf = ({ elasticsearch: { indexPrefix } }: UserSettings): string =>
  indexPrefix === undefined ? "tracing" : `tracing-${indexPrefix}`;

/** Name of a consumer's role. */
export const roleName = (settings: UserSettings, user: ServiceUser): string => `${namesOf(settings)}-${user}`;

/** Name of a consumer's user in one version of the passwords. Each version has users of its own, so that old passwords work until all have the new. */
export const userName = (settings: UserSettings, user: ServiceUser, version: number = settings.elasticsearch.passwordVersion): string =>
  hasOwnUsers(settings) ? roleName(settings, user) + versionSuffix(version) : setupUser(settings);

/** What names carry from the second version of the passwords on. */
export const versionSuffix = (version: number): string => (version === 1 ? "" : `-${version}`);

/** Name of the secret with a consumer's password, and of its file. */
export const passwordFile = (settings: UserSettings, user: ServiceUser): string =>
  hasOwnUsers(settings)
    ? `elasticsearch-${user}-password${versionSuffix(settings.elasticsearch.passwordVersion)}`
    : files.elasticsearchPassword;

/** Name of the secret with the superuser's password of an earlier version, and of its file. */
export const formerPasswordFile = (version: number): string => `elasticsearch-former-password-${version}`;

/** What `GET /` needs, which every client asks first. */
const greet = ["monitor"];

/** The roles. None may do what another does: a writer cannot delete, a reader cannot write, the cleaner cannot read documents. */
export function roles(settings: UserSettings): Readonly<Record<ServiceUser, Role>> {
  const on = (privileges: string[], ...kinds: IndexKind[]) => ({ names: kinds.map((kind) => indexPattern(settings, kind)), privileges });
  // The names of all indices, so that one which nothing deletes is noticed. Others' Elasticsearch has others' indices.
  const watched = ownElasticsearch(settings) ? [{ names: ["*"], privileges: ["view_index_metadata"] }] : [];
  return {
    writer: { cluster: greet, indices: [on(["create_index", "index", "auto_configure"], "span", "service")] },
    reader: { cluster: greet, indices: [on(["read", "view_index_metadata"], "span", "service", "dependencies")] },
    cleaner: {
      cluster: greet,
      indices: [on(["delete_index", "view_index_metadata"], ...indexKinds), ...watched],
    },
    metrics: { cluster: greet, indices: [] },
    // An hour's document is written again while the hour lasts.
    graph: { cluster: [], indices: [on(["create_index", "index"], "dependencies")] },
    // Elasticsearch has no name for the right to delete a snapshot alone. Neither right can be held to one repository.
    snapshots: { cluster: [...greet, "create_snapshot", "cluster:admin/snapshot/delete"], indices: [] },
  };
}

/** The passwords of Elasticsearch's users: where they come from, and how a workload gets at one. */
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import {
  formerPasswordFile,
  hasOwnUsers,
  passwordFile,
  serviceUsers,
  usersOf,
  type ServiceUser,
  type UserSettings,
} from "../../configs/elasticsearch/users";
import { files, paths } from "../../configs/topology/ports";
import type { Secret, SecretFile } from "../platform/workload";

/** Passwords, or the Secrets that hold them. */
export interface Passwords {
  /** Of the user that the setup logs in as. */
  readonly setup: Secret["content"];
  /** Its earlier passwords, by version: Elasticsearch may have any of them yet. */
  readonly former?: readonly Secret["content"][];
  /** Of the user of each service that the stack has. */
  readonly users: Readonly<Partial<Record<ServiceUser, Secret["content"]>>>;
}

/** A new password. Letters and digits only: it goes through shells, URLs and config files unquoted. */
export const newPassword = (name: string, opts: pulumi.CustomResourceOptions, keepers?: Record<string, string>): pulumi.Output<string> =>
  new random.RandomPassword(name, { length: 32, special: false, keepers }, opts).result;

/** The passwords of the services' users: new ones with each version, or the setup's where they have no users of their own. */
export function makePasswords(
  settings: UserSettings,
  setup: Secret["content"],
  name: string,
  opts: pulumi.CustomResourceOptions,
): Passwords["users"] {
  const { passwordVersion: version } = settings.elasticsearch;
  const keepers = version === 1 ? undefined : { version: String(version) };
  if (!hasOwnUsers(settings)) return Object.fromEntries(serviceUsers.map((user) => [user, setup]));
  return Object.fromEntries(usersOf(settings).map((user) => [user, newPassword(`${name}-${user}-password`, opts, keepers)]));
}

const file = (secret: string, content: Secret["content"]): SecretFile => ({ path: `${paths.secrets}/${secret}`, secret, content });

/** The password of the user that the setup logs in as, as a file. */
export const setupPassword = (content: Secret["content"]): SecretFile => file(files.elasticsearchPassword, content);

/** All passwords, as files: what the setup gives to Elasticsearch. */
export const allPasswords = (settings: UserSettings, { setup, former = [], users }: Passwords): SecretFile[] => [
  setupPassword(setup),
  ...former.map((content, i) => file(formerPasswordFile(i + 1), content)),
  ...usersOf(settings).map((user) => userPassword(settings, { users }, user)),
];

/** The password of a service's user, as a file. */
export function userPassword(settings: UserSettings, { users }: Pick<Passwords, "users">, user: ServiceUser): SecretFile {
  const content = users[user];
  if (!content) throw new Error(`the stack has no user ${user}`);
  return file(passwordFile(settings, user), content);
}

/** The secrets of the login: where they are, and what is wrong with them. */
import { namespace, type Settings } from "../stack/schema";
import { paths } from "../topology/ports";

/** Config key of the client's secret on Docker, without its namespace. It is no setting: its value is in no text and no message. */
export const loginSecretKey = "loginClientSecret";

/** The key of the client's secret in the cluster's Secret. */
export const clientSecretKey = "client-secret";

/** Names of the secrets, and of their files. */
export const clientSecret = "login-client-secret";
export const cookieSecret = "login-cookie-secret";

/** Path of a secret's file. */
export const secretPath = (secret: string): string => `${paths.secrets}/${secret}`;

/** What is wrong with the client's secret of a stack: one sentence each, without the secret. */
export function loginSecretProblems({ login, platform }: Pick<Settings, "login" | "platform">, given: boolean): string[] {
  const key = `${namespace}:${loginSecretKey}`;
  if (!given)
    return login && platform === "docker" ? [`${key}: missing; allowed: the client's secret: pulumi config set --secret ${key}`] : [];
  if (platform === "kubernetes") return [`${key}: found a secret; allowed: nothing on kubernetes, where tracing:login.clientSecret has it`];
  return login ? [] : [`${key}: found a secret; allowed: nothing without tracing:login`];
}

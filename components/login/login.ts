/** The login in front of the screens: who somebody is, by OpenID Connect, and what they may see. docs/decisions/0043-login.md says how. */
import * as pulumi from "@pulumi/pulumi";
import { compact } from "../../configs/compact";
import { goMemoryLimit } from "../../configs/go-programs";
import { gateConfig, healthPath } from "../../configs/login/haproxy";
import { authorityPath, oauth2ProxyConfig, pingPath } from "../../configs/login/oauth2-proxy";
import { gatePlace, sessionPlace } from "../../configs/login/place";
import { hasTls, portsOf, screens, shownScreens, type Login as LoginGroup, type ScreenName } from "../../configs/login/screens";
import { clientSecret, clientSecretKey, cookieSecret, loginSecretProblems, secretPath } from "../../configs/login/secrets";
import { SettingsError } from "../../configs/stack/parse";
import type { CommonSettings, JaegerSettings, Settings } from "../../configs/stack/schema";
import { addressesOf } from "../../configs/topology";
import { portOf } from "../../configs/topology/kubernetes";
import { files, paths, ports } from "../../configs/topology/ports";
import { openPorts, sendsByTls } from "../../configs/topology/tls";
import type { Addresses } from "../../configs/topology/topology";
import { componentSettings, requireSamePlatform, type ComponentArgs } from "../args";
import { TracingComponent } from "../component";
import { newPassword } from "../elasticsearch/passwords";
import type { Jaeger } from "../jaeger/jaeger";
import { serverAuthority } from "../tier-tls";
import { defineWorkload, httpProbe, type Secret, type SecretFile, type Workload } from "../platform/workload";

/** The secrets that the login is given. */
export interface LoginSecrets {
  /** The client's, at the provider. */
  readonly client: Secret["content"];
  /** That which encrypts sessions. */
  readonly cookie: Secret["content"];
}

/** In place of secrets, for validation, tests and references. */
const unknownSecrets: LoginSecrets = { client: pulumi.output(""), cookie: pulumi.output("") };

/** Memory limits, MiB. */
const memory = { sessions: 64, gate: 128 };

/** The login's workload, where the stack has one: oauth2-proxy, with HAProxy in front of it, and behind it again. */
export function loginWorkloads(
  settings: CommonSettings & Pick<JaegerSettings, "login" | "jaeger">,
  topology: Addresses,
  secrets: LoginSecrets = unknownSecrets,
): Workload[] {
  const { login, jaeger } = settings;
  if (!login) return [];
  const config = `${paths.config}/${files.login}`;
  const file = (secret: string, content: Secret["content"]): SecretFile => ({ path: secretPath(secret), secret, content });
  const { ingress } = jaeger;
  return [
    defineWorkload({
      name: "login",
      image: "oauth2-proxy",
      args: [`--config=${config}`],
      env: goMemoryLimit(memory.sessions),
      files: compact([
        { path: config, content: oauth2ProxyConfig(login, sessionPlace(topology)), onChange: "restart" },
        login.authority !== undefined && { path: authorityPath, content: login.authority, onChange: "restart" },
      ]),
      secrets: [file(clientSecret, secrets.client), file(cookieSecret, secrets.cookie)],
      peers: compact([
        ingress && { from: { namespace: ingress.namespace }, ports: ["login"] },
        { from: "prometheus", ports: ["login-metrics"] },
      ]),
      connects: shownScreens(login).map((name) => ({ to: screens[name].service, ports: portsTo(settings, name) })),
      outside: [{ port: portOf(login.issuer) }],
      front: gate(settings, login, topology),
      probe: httpProbe(ports.login.sessions, pingPath, 30),
      resources: { memory: memory.sessions, cpu: 250 },
      scale: { replicas: login.replicas },
      placement: { spread: true },
      startsAfter: ["jaeger"],
      stopGrace: 15,
      drain: 10,
    }),
  ];
}

/** The ports at which a screen may be asked: both if both are open, so that the login works while pods are rolled. */
function portsTo(settings: CommonSettings, name: ScreenName): number[] {
  const { plain, tls } = portsOf(name);
  return hasTls(name) ? openPorts(settings, plain, tls) : [plain];
}

/** The proxy that people come to, and that leads them to the screens. */
function gate(settings: CommonSettings, login: LoginGroup, topology: Addresses): Workload {
  const config = `${paths.config}/${files.loginGate}`;
  return defineWorkload({
    name: "login-gate",
    image: "haproxy",
    command: ["haproxy", "-W", "-db", "-f", config],
    files: [{ path: config, content: gateConfig(login, gatePlace(topology, sendsByTls(settings))), onChange: "restart" }],
    certificates: shownScreens(login)
      .filter(hasTls)
      .flatMap((name) => serverAuthority(settings, screens[name].service)),
    ports: [
      { name: "login", port: ports.login.http, exposure: "host", publish: "login" },
      { name: "login-metrics", port: ports.login.metrics, exposure: "cluster" },
    ],
    probe: httpProbe(ports.login.health, healthPath, 30),
    resources: { memory: memory.gate, cpu: 250 },
    stopGrace: 15,
    drain: 10,
  });
}

/** @throws SettingsError if the client's secret is missing, or nobody's. */
export function requireLoginSecret(settings: Pick<Settings, "stack" | "login" | "platform">, given: boolean): void {
  const problems = loginSecretProblems(settings, given);
  if (problems.length > 0) throw new SettingsError(settings.stack, problems);
}

/** Arguments of the login. Its settings are Jaeger's, so that the two cannot differ. */
export interface LoginArgs extends ComponentArgs<"login" | "login-gate"> {
  /** The Jaeger behind it, whose `login` says how people log in and who sees what. */
  readonly jaeger: Jaeger;
  /** The client's secret at the provider (Docker). On Kubernetes, `login.clientSecret` names a Secret that has it. */
  readonly clientSecret?: pulumi.Input<string>;
}

/** A login by OpenID Connect in front of Jaeger, Prometheus, Perses and Alertmanager, which shows each person what their roles say. */
export class Login extends TracingComponent {
  /** @internal */
  readonly settings: JaegerSettings & Pick<Settings, "overrides">;
  /** Address at which people open the screens. */
  readonly url: string;

  /** @throws SettingsError that lists every error in the arguments. */
  constructor(name: string, args: LoginArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, jaeger, overrides, clientSecret: secret } = args;
    super("Login", name, "login", platform, opts);
    requireSamePlatform(this, platform, { jaeger });
    this.settings = componentSettings(jaeger.settings, { overrides }, ["overrides"]);
    const { login } = this.settings;
    if (!login) throw new pulumi.ResourceError("the Jaeger behind a login needs the argument login", this);
    requireLoginSecret(this.settings, secret !== undefined);
    this.url = login.url;
    const keepers = login.sessionVersion === 1 ? undefined : { version: String(login.sessionVersion) };
    const cookie = newPassword(`${name}-cookie-secret`, { parent: this }, keepers);
    const client = login.clientSecret === undefined ? pulumi.secret(secret ?? "") : { existing: login.clientSecret, key: clientSecretKey };
    this.run(loginWorkloads(this.settings, addressesOf(this.settings), { client, cookie }), this.settings);
    this.registerOutputs({ url: this.url });
  }
}

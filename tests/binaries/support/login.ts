/** The login as it runs beside tests: the real oauth2-proxy and HAProxy, in front of screens of the test. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gateConfig, healthPath, type GatePlace } from "../../../configs/login/haproxy";
import { oauth2ProxyConfig, pingPath } from "../../../configs/login/oauth2-proxy";
import { screenNames, type Login, type ScreenName } from "../../../configs/login/screens";
import { clientSecret, cookieSecret } from "../../../configs/login/secrets";
import { paths } from "../../../configs/topology/ports";
import { sleep } from "../../../cli/machine/run";
import { eventually } from "../../support/waiting";
import { settingsWith } from "../../support/settings";
import { Browser } from "./browser";
import { client, IdentityProvider, type People } from "./identity-provider";
import { freePorts, program } from "./programs";
import { page, path } from "./proxy";

/** The login's address. This host ends TLS for nobody: a browser of the test sends what it would send by https. */
export const url = "https://tracing.example.com";

/** A line of the access log. */
export interface Logged {
  readonly user: string;
  readonly screen: string;
  readonly verdict: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

interface Wanted {
  readonly people: People;
  readonly roles: object;
  /** Address of the program behind each screen, `host:port`. */
  readonly upstream: Partial<Record<ScreenName, string>>;
  /** Files with the authorities of screens that speak TLS. */
  readonly authorities?: GatePlace["authorities"];
  /** Other settings of the login. */
  readonly settings?: object;
  /** Seconds that tokens are valid. */
  readonly seconds?: number;
  /** The client's secret that the login has. */
  readonly secret?: string;
  /** Edits the text of oauth2-proxy's config. */
  readonly change?: (text: string) => string;
}

/** The settings of a login, with everything that a role needs to exist. */
export const loginOf = (groups: object): Login => {
  const { login } = settingsWith({
    login: { issuer: "https://id.example.com", clientId: client.id, url, ...groups },
    alerts: { delivery: "own" },
    images: "local",
  });
  if (!login) throw new Error("no login");
  return login;
};

/** A running login, with a provider of its own. */
export class LoginStack {
  private readonly folder = mkdtempSync(join(tmpdir(), "tracing-login-"));
  private readonly children: ChildProcess[] = [];
  /** What the programs have printed. */
  readonly output = { sessions: "", gate: "" };

  private constructor(
    readonly provider: IdentityProvider,
    private readonly place: GatePlace,
  ) {}

  static async start({
    people,
    roles,
    upstream,
    authorities,
    settings = {},
    seconds,
    secret = client.secret,
    change,
  }: Wanted): Promise<LoginStack> {
    const provider = await IdentityProvider.start({ callback: `${url}/oauth2/callback`, people, seconds });
    const [http, own, rolesPort, health, metrics] = (await freePorts(5)) as [number, number, number, number, number];
    const nobody = Object.fromEntries(screenNames.map((name) => [name, "127.0.0.1:1"])) as Record<ScreenName, string>;
    const place: GatePlace = {
      listen: "127.0.0.1",
      listenRoles: "127.0.0.1",
      ports: { http, roles: rolesPort, health, metrics },
      sessions: `127.0.0.1:${own}`,
      upstream: { ...nobody, ...upstream },
      authorities,
    };
    const stack = new LoginStack(provider, place);
    const login = loginOf({ roles, issuer: provider.issuer, scopes: ["openid", "email", "groups"], ...settings });
    const secrets = join(stack.folder, "secrets");
    mkdirSync(secrets);
    writeFileSync(join(secrets, clientSecret), secret);
    writeFileSync(join(secrets, cookieSecret), "c".repeat(32));
    const text = oauth2ProxyConfig(login, { listen: `127.0.0.1:${own}`, upstream: `http://127.0.0.1:${rolesPort}/` });
    const sessionsFile = stack.write("oauth2-proxy.cfg", (change ?? ((same) => same))(text.replaceAll(paths.secrets, secrets)));
    const gateFile = stack.write("haproxy.cfg", gateConfig(login, place));
    stack.run(program("oauth2-proxy"), [`--config=${sessionsFile}`], "sessions");
    stack.run("haproxy", ["-W", "-db", "-f", gateFile], "gate");
    await eventually("the login is ready", 20, async () => {
      const ended = stack.children.find(({ exitCode }) => exitCode !== null);
      if (ended) throw new Error(JSON.stringify(stack.output));
      await page(own, pingPath);
      await page(health, healthPath);
      return true;
    }).catch(async (error: unknown) => {
      const { output } = stack;
      await stack.stop();
      throw new Error(`${String(error)}\n${output.sessions}\n${output.gate}`);
    });
    return stack;
  }

  /** Port of the door. */
  get port(): number {
    return this.place.ports.http;
  }

  get metricsPort(): number {
    return this.place.ports.metrics;
  }

  /** Asks it as an engine or a kubelet does, which waits for a few seconds. */
  async healthy(): Promise<void> {
    const late = sleep(3000).then(() => Promise.reject(new Error("no answer in three seconds")));
    await Promise.race([page(this.place.ports.health, healthPath), late]);
  }

  browser(): Browser {
    return new Browser(url, this.port);
  }

  /** A browser of somebody who has logged in. */
  async signedIn(person: string, at = "/"): Promise<Browser> {
    const browser = this.browser();
    await browser.open(at, person);
    return browser;
  }

  /** Requests so far, by backend. */
  async requests(): Promise<Readonly<Record<string, number>>> {
    const found = (await page(this.metricsPort, "/metrics")).matchAll(/^haproxy_backend_http_requests_total\{proxy="([^"]+)"\} (\d+)$/gm);
    const counts = [...found].map(([, name, count]): [string, number] => [name ?? "", Number(count)]);
    return Object.fromEntries(counts.filter(([, count]) => count !== 0));
  }

  /** The access log. */
  get log(): Logged[] {
    const lines = this.output.gate.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line) as Logged);
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGTERM");
        await ended;
      }),
    );
    await this.provider.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  private run(command: string, args: readonly string[], of: keyof LoginStack["output"]): void {
    const child = spawn(command, args, { env: { PATH: path }, stdio: ["ignore", "pipe", "pipe"] });
    this.children.push(child);
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (this.output[of] += chunk.toString()));
  }
}

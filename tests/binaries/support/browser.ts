/** A browser as far as logins go: cookies, redirects and forms. */
import { request } from "node:http";

/** An answer of a server. */
export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request with the path exactly as it is written: no library makes it tidy. */
export const ask = (port: number, path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Page> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });

const page = { accept: "text/html" };

/** A browser of one person. `login` is the address of the login, which is at `port` of this host. */
export class Browser {
  /** Cookies by origin and name. */
  readonly cookies = new Map<string, Map<string, string>>();
  /** Attributes that cookies of the login were given with, by name. */
  readonly attributes = new Map<string, string>();

  constructor(
    private readonly login: string,
    private readonly port: number,
  ) {}

  /** The cookies that are sent to the login. */
  get header(): string {
    return this.cookiesOf(this.login);
  }

  /** Asks the login for a path, and follows no redirect. */
  get(path: string, asked: Asked = {}): Promise<Page> {
    return this.send(new URL(this.login), path, asked);
  }

  /** Opens a path of the login; where the provider asks who it is, logs in. */
  async open(path: string, person: string): Promise<Page> {
    let url = new URL(path, this.login);
    let answer = await this.send(url, url.pathname + url.search, { headers: page });
    for (let steps = 0; steps < 20; steps++) {
      const { location } = answer.headers;
      if (typeof location === "string") {
        url = new URL(location, url);
        answer = await this.send(url, url.pathname + url.search, { headers: page });
        continue;
      }
      const prompt = /name="prompt" value="(\w+)"/.exec(answer.text)?.[1];
      if (url.origin === this.login || prompt === undefined) return answer;
      const body = new URLSearchParams({ prompt, ...(prompt === "login" ? { login: person, password: "any" } : {}) }).toString();
      const headers = { ...page, "content-type": "application/x-www-form-urlencoded" };
      url = new URL(/action="([^"]+)"/.exec(answer.text)?.[1] ?? "", url);
      answer = await this.send(url, url.pathname + url.search, { method: "POST", headers, body });
    }
    throw new Error(`too many steps, the last at ${url.href}`);
  }

  private cookiesOf(origin: string): string {
    return [...(this.cookies.get(origin) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  private async send(url: URL, path: string, { headers = {}, ...asked }: Asked): Promise<Page> {
    const port = url.origin === this.login ? this.port : Number(url.port);
    const cookie = this.cookiesOf(url.origin);
    const host = { host: url.host, ...(cookie ? { cookie } : {}) };
    const answer = await ask(port, path, { ...asked, headers: { ...host, ...headers } });
    const jar = this.cookies.get(url.origin) ?? new Map<string, string>();
    this.cookies.set(url.origin, jar);
    for (const line of [answer.headers["set-cookie"] ?? []].flat()) {
      const [, name = "", value = "", attributes = ""] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? [];
      if (value === "" || /expires=Thu, 01 Jan 1970|max-age=0/i.test(attributes)) jar.delete(name);
      else jar.set(name, value);
      if (url.origin === this.login) this.attributes.set(name, attributes);
    }
    return answer;
  }
}

/** A server like Jaeger's: files of the page under static/, the page itself on every other path, and an API that tests decide. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

/** Answers a request to the API; `undefined` ends the connection without an answer. */
export type Api = (url: URL) => Answer | undefined;

export interface PageServer {
  readonly address: string;
  /** What the API answers from now on. */
  api: Api;
  /** The UI's config, which the page gets where Jaeger writes it. */
  config: object | undefined;
  close(): void;
}

const types: Readonly<Record<string, string>> = { ".js": "text/javascript", ".css": "text/css" };

export async function servePage(folder: string): Promise<PageServer> {
  const index = await readFile(join(folder, "index.html"), "utf8");
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://page");
    if (url.pathname.startsWith("/api/")) {
      const answer = page.api(url);
      if (!answer) return void request.socket.destroy();
      response.writeHead(answer.status ?? 200, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
    } else if (url.pathname.startsWith("/static/")) {
      readFile(join(folder, url.pathname)).then(
        (file) => response.writeHead(200, { "content-type": types[extname(url.pathname)] ?? "application/octet-stream" }).end(file),
        () => response.writeHead(404).end(),
      );
    } else response.writeHead(200, { "content-type": "text/html" }).end(configured(index, page.config));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page: PageServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    api: () => undefined,
    config: undefined,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return page;
}

/** As Jaeger does it. */
const configured = (index: string, config: object | undefined): string =>
  config ? index.replace(/JAEGER_CONFIG *= *DEFAULT_CONFIG;/, () => `JAEGER_CONFIG = ${JSON.stringify(config)};`) : index;

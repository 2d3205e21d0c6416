/** Rung: binaries. The port on loopback by which commands reach a proxy that takes TLS: it hands on to the right server only. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { TlsBridge, type TlsServer } from "../../cli/running/kubernetes/tls-bridge";
import { files } from "../../configs/topology/ports";
import { Authority } from "../support/certificates";
import { sharedFolder } from "../support/temporary-folder";

const folder = sharedFolder();
const name = "otel-collector.tracing.svc";
let server: Server;
let got: string[];
let bridge: TlsBridge;

beforeAll(async () => {
  const authority = await Authority.make(join(folder, "own"));
  await authority.issue(join(folder, "server"), ["otel-collector", name]);
  await Authority.make(join(folder, "other"));
});
beforeEach(async () => {
  got = [];
  const read = (file: string) => readFileSync(join(folder, "server", file));
  server = createServer({ cert: read(files.certificate), key: read(files.certificateKey) }, (request, response) => {
    got.push(request.url ?? "");
    response.end("taken");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  bridge.close();
  server.closeAllConnections();
  server.close();
});

const start = async (more: Partial<TlsServer> = {}) => {
  const authority = readFileSync(join(folder, "own", files.authority), "utf8");
  const { port } = server.address() as AddressInfo;
  bridge = await TlsBridge.to({ port, name, authority, protocol: "http/1.1", ...more });
  return `http://127.0.0.1:${bridge.port}`;
};

test("hands on requests in plain text by TLS, and brings the answer", async () => {
  const url = await start();
  expect(await (await fetch(`${url}/v1/traces`, { method: "POST", body: "x" })).text()).toBe("taken");
  expect(got).toEqual(["/v1/traces"]);
});

test.each<[string, () => Partial<TlsServer>]>([
  ["of another authority", () => ({ authority: readFileSync(join(folder, "other", files.authority), "utf8") })],
  ["of another name", () => ({ name: "otel-collector.elsewhere.svc" })],
  ["of no public authority, where none is given", () => ({ authority: undefined })],
])("sends nothing to a server with a certificate %s", async (_what, more) => {
  const url = await start(more());
  await expect(fetch(`${url}/v1/traces`, { method: "POST", body: "x" })).rejects.toThrow("fetch failed");
  expect(got).toEqual([]);
});

test("takes no more connections once it is closed", async () => {
  const url = await start();
  await fetch(url);
  bridge.close();
  await expect(fetch(url)).rejects.toThrow("fetch failed");
});

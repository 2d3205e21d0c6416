/**
 * Rung: binaries. TLS to the UI and the API of the real Jaeger: a capture shows no name, plain text is refused from the network, half-rolled
 * services find each other, and a renewal needs no restart.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../../cli/machine/run";
import { addressesOf } from "../../configs/topology";
import { files, ports } from "../../configs/topology/ports";
import { Authority } from "../support/certificates";
import { temporaryFolder } from "../support/temporary-folder";
import { ask, servedSerial, type Asked } from "./support/ask";
import { loopback, podAddress, withJaegerPod, type Ports } from "./support/jaeger-pod";
import { olderJaeger } from "./support/older-jaeger";
import { recorder } from "./support/recorder";
import { stagingWith, type Mode } from "./support/tls-modes";

jest.setTimeout(120_000);
const folder = temporaryFolder();

const settingsOf = (mode: Mode) => stagingWith(mode, { otherImages: olderJaeger });

/** A text that Jaeger knows, and tells who asks for the services. */
const secret = "patient 4711 has a rare illness";

/** Runs Jaeger as a pod of a mode, with a certificate for its names. */
const withJaeger = (mode: Mode, meanwhile: (at: Ports) => Promise<void>): Promise<void> =>
  withJaegerPod(
    folder(),
    { settings: settingsOf(mode), found: { aggregations: { distinct_services: { buckets: [{ key: secret, doc_count: 1 }] } } } },
    meanwhile,
  );

/** The services that Jaeger tells, as JSON, or why it tells none. */
const services = (to: Omit<Asked, "path">): Promise<string> => ask({ name: "jaeger.tracing.svc", ...to, path: "/api/v3/services" });

const read = (of: string, file: string) => readFileSync(join(of, file));
const trusted = () => read(folder(), files.authority);
const names = ["jaeger", "jaeger.tracing.svc"] as const;

/** The address by which services of a stack call Jaeger, on this host. */
function called(mode: Mode, at: Ports): Omit<Asked, "path"> {
  const { protocol, port } = new URL(addressesOf(settingsOf(mode)).jaegerQuery);
  return { scheme: protocol, host: podAddress, port: at(Number(port)) ?? 1, authority: trusted() };
}

let authority: Authority;
beforeEach(async () => {
  authority = await Authority.make(join(folder(), "authority"));
  await authority.issue(folder(), [...names]);
});

test.each<[Mode, boolean]>([
  ["off", true],
  ["accept", true],
  ["both", false],
  ["on", false],
])("with %s Jaeger answers its clients, and a capture shows what it said: %s", async (mode, shown) => {
  await withJaeger(mode, async (at) => {
    const to = called(mode, at);
    const wire = await recorder(() => to.port, podAddress);
    expect(await services({ ...to, host: loopback, port: wire.port })).toContain(secret);
    wire.close();
    expect(wire.text().length).toBeGreaterThan(100);
    expect(wire.text().includes(secret)).toBe(shown);
  });
});

test("with on, plain text is refused from the network, and answered to a port-forward, which comes by loopback", async () => {
  await withJaeger("on", async (at) => {
    const plain = { scheme: "http:", port: at(ports.jaeger.query)! };
    const tls = { port: at(ports.jaeger.queryTls)!, host: podAddress };
    expect(await services({ ...plain, host: podAddress })).toBe("ECONNREFUSED");
    expect(await services({ ...plain, host: loopback })).toContain(secret);
    expect(await services({ scheme: "http:", ...tls })).toContain("HTTP request to an HTTPS server");
    expect(await services({ scheme: "http:", host: podAddress, port: at(ports.jaeger.queryGrpc)! })).toBe("ECONNREFUSED");
  });
});

test("a client trusts no other authority and no other name", async () => {
  const other = join(folder(), "other");
  await (await Authority.make(join(folder(), "foreign"))).issue(other, [...names]);
  await withJaeger("on", async (at) => {
    const to = called("on", at);
    expect(await services({ ...to, authority: read(other, files.authority) })).not.toContain(secret);
    expect(await services({ ...to, name: "prometheus" })).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(await services(to)).toContain(secret);
  });
});

// As in an update: Jaeger is rolled first. With `kubectl apply`, its clients may be first.
const neighbours: readonly (readonly [Mode, Mode])[] = [
  ["off", "accept"],
  ["accept", "both"],
  ["both", "on"],
];
const halves = neighbours.flatMap(([one, other]) => [
  { jaeger: one, client: other },
  { jaeger: other, client: one },
]);

test.each([...halves, { jaeger: "both", client: "off" } as const])(
  "a Jaeger with $jaeger answers a client with $client",
  async ({ jaeger, client }) => {
    await withJaeger(jaeger, async (at) => {
      expect(await services(called(client, at))).toContain(secret);
    });
  },
);

test("a renewed certificate is shown without a restart", async () => {
  await withJaeger("on", async (at) => {
    const port = at(ports.jaeger.queryTls)!;
    const before = await servedSerial(port, podAddress);
    await authority.renew();
    await authority.issue(folder(), [...names]);
    await sleep(1500);
    // The files are read when a connection is made.
    await servedSerial(port, podAddress);
    expect(await servedSerial(port, podAddress)).not.toBe(before);
    expect(await services(called("on", at))).toContain(secret);
  });
});

/**
 * Rung: binaries. TLS to the UI and the API of the real Jaeger: a capture shows no name, plain text is refused from the network, half-rolled
 * services find each other, and a renewal needs no restart.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { sleep } from "../../cli/machine/run";
import { passwordFile } from "../../configs/elasticsearch/users";
import { jaegerConfig } from "../../configs/jaeger/config";
import { parseSettings } from "../../configs/stack/parse";
import { addressesOf } from "../../configs/topology";
import { kubernetesTopology } from "../../configs/topology/kubernetes";
import { files, paths, ports } from "../../configs/topology/ports";
import { stackConfig } from "../../render/record";
import { standIn } from "../rules/support/elasticsearch";
import { ready } from "../rules/support/moved";
import { Authority } from "../support/certificates";
import { temporaryFolder } from "../support/temporary-folder";
import { forOlderJaeger, olderJaeger } from "./support/older-jaeger";
import { freePorts, program, run } from "./support/programs";
import { recorder } from "./support/recorder";

jest.setTimeout(120_000);
const folder = temporaryFolder();

type Mode = "off" | "accept" | "both" | "on";

const settingsOf = (mode: Mode) =>
  parseSettings("staging", {
    ...stackConfig("staging"),
    "tracing:otherImages": JSON.stringify(olderJaeger),
    "tracing:kubernetes": JSON.stringify({ tls: { mode } }),
  });

/** A text that Jaeger knows, and tells who asks for the services. */
const secret = "patient 4711 has a rare illness";

/** Stands for the address of the pod in its network. Loopback is another. */
const podAddress = "127.0.0.2";
const loopback = "127.0.0.1";

/** The port of this host for one of Jaeger's; undefined if it does not listen there. */
type Ports = (port: number) => number | undefined;

/** Runs Jaeger as a pod of a mode, with a certificate for its names. */
async function withJaeger(mode: Mode, meanwhile: (at: Ports) => Promise<void>): Promise<void> {
  const settings = settingsOf(mode);
  const buckets = [{ key: secret, doc_count: 1 }];
  const elasticsearch = await standIn(undefined, { aggregations: { distinct_services: { buckets } } });
  for (const user of ["writer", "reader"] as const) writeFileSync(join(folder(), passwordFile(settings, user)), "x");
  for (const file of [files.strategies, files.ui]) writeFileSync(join(folder(), file), "{}");
  const text = forOlderJaeger(jaegerConfig(settings, kubernetesTopology(settings)));
  const own = [
    ...new Set([...text.matchAll(/(?:0\.0\.0\.0|127\.0\.0\.1):(\d+)/g), ...text.matchAll(/ port: (\d+)/g)].map(([, port]) => Number(port))),
  ];
  const free = await freePorts(own.length);
  const at: Ports = (port) => free[own.indexOf(port)];
  const here = text
    .replaceAll(/(0\.0\.0\.0|127\.0\.0\.1):([1-9]\d*)/g, (_all, host: string, port: string) => {
      const address = host === loopback ? loopback : podAddress;
      return `${address}:${at(Number(port))!}`;
    })
    .replaceAll(
      /host: 0\.0\.0\.0\n(\s+)port: (\d+)/g,
      (_all, indent: string, port: string) => `host: ${podAddress}\n${indent}port: ${at(Number(port))!}`,
    )
    .replaceAll(kubernetesTopology(settings).elasticsearchUrl, elasticsearch.url)
    .replaceAll(paths.certificates, folder())
    .replaceAll(paths.secrets, folder())
    .replaceAll(paths.live, folder())
    .replaceAll("reload_interval: 1m", "reload_interval: 1s");
  writeFileSync(join(folder(), files.jaeger), here);
  try {
    const { output } = await run(program("jaeger"), [`--config=${join(folder(), files.jaeger)}`], {
      until: ready,
      seconds: 80,
      meanwhile: () => meanwhile(at),
    });
    if (!ready.test(output)) throw new Error(`Jaeger did not start:\n${output}`);
  } finally {
    await elasticsearch.close();
  }
}

interface Asked {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  /** Whom a client with TLS trusts, and the name that it checks. */
  readonly authority?: Buffer;
  readonly name?: string;
}

/** The services that Jaeger tells, as JSON, or why it tells none. */
const services = ({ scheme, host, port, authority, name = "jaeger.tracing.svc" }: Asked): Promise<string> =>
  new Promise((resolve) => {
    const options = { host, port, path: "/api/v3/services", agent: false, timeout: 5000 };
    const request = scheme === "https:" ? secureRequest({ ...options, ca: authority, servername: name }) : plainRequest(options);
    request
      .on("response", (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString())).on("end", () => resolve(text));
      })
      .on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .end();
  });

const read = (of: string, file: string) => readFileSync(join(of, file));
const trusted = () => read(folder(), files.authority);
const names = ["jaeger", "jaeger.tracing.svc"] as const;

/** The address by which services of a stack call Jaeger, on this host. */
function called(mode: Mode, at: Ports): Asked {
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
    const before = await servedSerial(port);
    await authority.renew();
    await authority.issue(folder(), [...names]);
    await sleep(1500);
    // The files are read when a connection is made.
    await servedSerial(port);
    expect(await servedSerial(port)).not.toBe(before);
    expect(await services(called("on", at))).toContain(secret);
  });
});

/** The serial number of the certificate that Jaeger shows. */
const servedSerial = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: podAddress, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });

/**
 * Rung: faults. What `make up` says where it cannot be: everything at once, before anything is changed. The engine is a server of our own
 * that says what a poor engine would say, and writes down what it is asked.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { stackLabels, type PublishedPort } from "../../../configs/topology/ports";
import type { ServiceName } from "../../../configs/topology/topology";
import { Checkout, scratch } from "../lib/checkout";
import { testStacks } from "../lib/test-stacks";

jest.setTimeout(120_000);

const copy = Checkout.copy(testStacks.refused);
const { stack } = copy;
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Listens on a free port of loopback; ends with the test. */
const servers: { close: () => unknown }[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

/** An engine that describes itself so, with these containers on it, and nothing else. */
async function engine(
  info: Record<string, unknown>,
  containers: readonly { readonly Id: string }[] = [],
): Promise<{ host: string; asked: string[] }> {
  const asked: string[] = [];
  const server: Server = createHttpServer((request, response) => {
    const { method = "", url = "" } = request;
    asked.push(`${method} ${url}`);
    const path = url.replace(/^\/v[\d.]+/, "").replace(/\?.*/, "");
    const answers: Record<string, unknown> = {
      "/_ping": "OK",
      "/info": info,
      "/containers/json": containers.map(({ Id }) => ({ Id })),
      ...Object.fromEntries(containers.map((container) => [`/containers/${container.Id}/json`, container])),
      "/networks": [],
      "/volumes": { Volumes: [] },
    };
    response.writeHead(path in answers ? 200 : 404, { "content-type": "application/json", "api-version": "1.41", ostype: "linux" });
    response.end(JSON.stringify(answers[path] ?? { message: "no such thing" }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Nothing but questions. */
const onlyAsked = (asked: readonly string[]) => asked.every((request) => /^(GET|HEAD) /.test(request));

it("names all that keeps the stack from running on a poor engine, and changes nothing", async () => {
  const ui = createServer();
  servers.push(ui);
  await new Promise<void>((resolve) => ui.listen(copy.port("jaeger-ui"), "127.0.0.1", resolve));
  const poor = await engine({ ServerVersion: "19.03.1", NCPU: 1, MemTotal: 2 ** 30, DockerRootDir: "/nowhere" });
  const { ok, output } = await copy.make("up", `DOCKER_HOST=${poor.host}`);
  expect(ok).toBe(false);
  expect(output).toContain(`error: 3 things keep the stack ${stack} from running here:`);
  expect(output).toContain("  - engine: found Docker 19.03.1; needed: 20.10 or newer");
  expect(output).toContain("  - memory: found 1.0 GiB; needed: 1.5 GiB");
  expect(output).toContain(
    `  - tracing:publish.ports.jaeger-ui: port ${copy.port("jaeger-ui")} of 127.0.0.1 is in use; free it, or give another`,
  );
  expect(poor.asked.length).toBeGreaterThan(0);
  expect(poor.asked.filter((request) => !onlyAsked([request]))).toEqual([]);
});

it("says where no engine answers", async () => {
  const { ok, output } = await copy.make("up", "DOCKER_HOST=tcp://127.0.0.1:9");
  expect(ok).toBe(false);
  expect(output).toContain("error: no container engine answers at DOCKER_HOST=tcp://127.0.0.1:9; start it, or unset DOCKER_HOST");
});

it("tells every error of the stack's config before it looks for an engine", async () => {
  const file = copy.stackFile;
  const own = readFileSync(file, "utf8");
  writeFileSync(
    file,
    own.replace("tracing:retention: 7d", "tracing:retention: 7days\n  tracing:retentoin: 7d").replace("default: 100", "default: 120"),
  );
  const untouched = await engine({ ServerVersion: "24.0.7", NCPU: 2, MemTotal: 2 ** 33, DockerRootDir: "/nowhere" });
  const { ok, output } = await copy.make("up", `DOCKER_HOST=${untouched.host}`);
  writeFileSync(file, own);
  expect(ok).toBe(false);
  expect(output).toContain(`error: 3 errors in the config of stack "${stack}":`);
  expect(output).toContain('  - tracing:retention: found "7days"; allowed: days from 1d to 365d, such as 7d');
  expect(output).toContain("  - tracing:sampling.default: found 120; allowed: a percentage from 0 to 100 with at most two decimals");
  expect(output).toContain("  - tracing:retentoin: no such setting; did you mean retention?");
  expect(untouched.asked).toEqual([]);
});

it("tells where a stack's file is no YAML", async () => {
  const file = copy.stackFile;
  const own = readFileSync(file, "utf8");
  writeFileSync(file, own.replace("tracing:retention: 7d", " tracing:retention: 7d"));
  const outputs = await Promise.all([copy.make("status"), copy.make("render")]);
  writeFileSync(file, own);
  for (const { ok, output } of outputs) {
    expect(ok).toBe(false);
    expect(output).toMatch(
      new RegExp(`errors? in the config of stack "${stack}":\n {2}- Pulumi\\.${stack}\\.yaml: .* at line 3, column 24\n`),
    );
    expect(output).not.toContain("node_modules/yaml");
  }
});

it("tries the address that is asked for also while the stack runs at another", async () => {
  const container = (service: ServiceName, name: PublishedPort) => ({
    Id: service,
    Name: `/${copy.container(service)}`,
    State: { Status: "running" },
    Config: { Image: "x", Labels: { [stackLabels.stack]: stack, [stackLabels.service]: service } },
    HostConfig: { Memory: 0 },
    NetworkSettings: { Ports: { [`${copy.port(name)}/tcp`]: [{ HostIp: "127.0.0.1", HostPort: `${copy.port(name)}` }] } },
  });
  const own = [container("jaeger", "jaeger-ui"), container("prometheus", "prometheus")];
  const running = await engine({ ServerVersion: "24.0.7", NCPU: 2, MemTotal: 2 ** 33, DockerRootDir: "/nowhere" }, own);
  const file = copy.stackFile;
  const before = readFileSync(file, "utf8");
  // An address of documentation: no machine has it.
  writeFileSync(file, before.replace("offset:", "address: 203.0.113.1\n    offset:"));
  const { ok, output } = await copy.make("up", `DOCKER_HOST=${running.host}`);
  writeFileSync(file, before);
  expect(ok).toBe(false);
  expect(output).toContain("tracing:publish.address: found 203.0.113.1; allowed: an address of this machine, or 0.0.0.0");
  expect(running.asked.filter((request) => !onlyAsked([request]))).toEqual([]);
});

it.each(["down", "destroy"])("refuses to %s a stack that is on Kubernetes", async (command) => {
  const untouched = await engine({ ServerVersion: "24.0.7", NCPU: 2, MemTotal: 2 ** 33, DockerRootDir: "/nowhere" });
  const elsewhere = await copy.make(command, "ENV=prod", "YES=1", `DOCKER_HOST=${untouched.host}`);
  expect(elsewhere).toMatchObject({ ok: false });
  expect(elsewhere.output).toContain("error: stack prod runs on kubernetes; this command is for stacks on docker.");
  expect(untouched.asked).toEqual([]);
});

it.each(["down", "logs", "destroy"])("refuses to %s a stack that there is none of", async (command) => {
  const untouched = await engine({ ServerVersion: "24.0.7", NCPU: 2, MemTotal: 2 ** 33, DockerRootDir: "/nowhere" });
  const mistyped = await copy.make(command, "ENV=dve", "YES=1", `DOCKER_HOST=${untouched.host}`);
  expect(mistyped).toMatchObject({ ok: false });
  expect(mistyped.output).toContain('error: ENV: found "dve"; there are the stacks dev, e2e-refused, prod, staging');
  expect(untouched.asked.filter((request) => !onlyAsked([request]))).toEqual([]);
});

it.each([
  ["ENV=nowhere", 'ENV: found "nowhere"; there are the stacks dev, e2e-refused, prod, staging'],
  ["ENV=Dev", 'ENV: found "Dev"; allowed: lower-case letters, digits and dashes'],
  ["WAY=terraform", 'WAY: found "terraform"; allowed: pulumi or compose'],
  ["IMAGES=mine", 'IMAGES: found "mine"; allowed: official or local'],
])("says what %s may be", async (word, message) => {
  const { ok, output } = await copy.make("up", word);
  expect(ok).toBe(false);
  expect(output).toContain(`error: ${message}`);
});

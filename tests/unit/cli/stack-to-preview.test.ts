/** Rung: unit. Which backend `make preview` compares with, by a Pulumi CLI that only writes down what it is called with. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { stackToPreview } from "../../../cli/pulumi/stack-to-preview";
import { temporaryFolder } from "../../support/temporary-folder";

const folder = temporaryFolder();
const before = process.env;

beforeEach(() => {
  process.env = { ...before, PATH: `${folder()}:${before.PATH ?? ""}`, TRACING_HOME: join(folder(), "home") };
  delete process.env.PULUMI_BACKEND_URL;
});

afterEach(() => {
  process.env = before;
});

const noLogin = "echo 'error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions' >&2; exit 1";
const login = (url: string) => `echo '{"user": "somebody", "url": "${url}"}'`;
const unknown = (stack: string) => `echo "error: no stack named '${stack}' found" >&2; exit 1`;

/** The stack that is chosen by a CLI with these answers, what was said, and what the CLI was called with. */
async function chosen(platform: "docker" | "kubernetes", whoami: string, select: string) {
  const calls = join(folder(), "calls");
  writeFileSync(calls, "");
  const program = [
    "#!/bin/sh",
    `echo "\${PULUMI_BACKEND_URL:-login} $1 $2" >> ${calls}`,
    'case "$1 $2" in',
    "version*) echo v3.265.0 ;;",
    `whoami*) ${whoami} ;;`,
    // An empty backend has no stack, whoever is logged in.
    `"stack select") case "$PULUMI_BACKEND_URL" in *empty-backend) ${unknown("prod")} ;; *) ${select} ;; esac ;;`,
    "esac",
  ];
  writeFileSync(join(folder(), "pulumi"), program.join("\n"), { mode: 0o755 });
  const said: string[] = [];
  const log = jest.spyOn(console, "log").mockImplementation((text: string) => void said.push(text.trim()));
  const cli = await PulumiCommand.get({ skipVersionCheck: true });
  const stack = await stackToPreview(cli, { stack: "prod", platform }).finally(() => log.mockRestore());
  return { stack, said, calls: () => readFileSync(calls, "utf8").trim().split("\n").slice(1) };
}

test("a stack on Docker is in the backend of make up, whoever is logged in", async () => {
  const { stack, said, calls } = await chosen("docker", login("s3://states"), "true");
  expect(said).toEqual([]);
  expect(calls()).toEqual([]);
  expect(await stack.exists()).toBe(true);
  expect(calls()).toEqual([`file://${folder()}/home/backend stack select`]);
});

test("a stack on Kubernetes is in the backend that the CLI is logged in to", async () => {
  const { stack, said, calls } = await chosen("kubernetes", login("s3://states"), "true");
  expect(said).toEqual(["compared with the stack in s3://states"]);
  expect(await stack.exists()).toBe(true);
  expect(calls()).toEqual(["login whoami --json", "login stack select", "login stack select"]);
});

test("or in that of PULUMI_BACKEND_URL; the password in an address is not shown", async () => {
  const url = "postgres://me:secret@host/states";
  process.env.PULUMI_BACKEND_URL = url;
  const { said, calls } = await chosen("kubernetes", login(url), "true");
  expect(said).toEqual(["compared with the stack in postgres://host/states"]);
  expect(calls()).toEqual([`${url} whoami --json`, `${url} stack select`]);
});

test.each([
  ["does not have it", login("s3://states"), unknown("prod"), "a new stack: s3://states does not have it"],
  [
    "is not known, as nobody is logged in",
    noLogin,
    "true",
    "a new stack: the Pulumi CLI is not logged in to a backend (pulumi login), and PULUMI_BACKEND_URL is not set",
  ],
])("a stack on Kubernetes whose backend %s is previewed in an empty one", async (_why, whoami, select, message) => {
  const { stack, said, calls } = await chosen("kubernetes", whoami, select);
  expect(said).toEqual([message]);
  const asked = calls().length;
  expect(await stack.exists()).toBe(false);
  expect(calls().slice(asked)).toEqual([`file://${folder()}/home/prod/empty-backend stack select`]);
  expect(calls().filter((call) => call.includes("init"))).toEqual([]);
});

test("a backend that does not answer is no new stack", async () => {
  const refused = "echo 'error: could not reach s3://states: dial tcp: i/o timeout' >&2; exit 255";
  await expect(chosen("kubernetes", refused, "true")).rejects.toThrow(/cannot be read: exit code 255\n.*i\/o timeout/);
  await expect(chosen("kubernetes", login("s3://states"), refused)).rejects.toThrow(/cannot be read: exit code 255\n.*i\/o timeout/);
});

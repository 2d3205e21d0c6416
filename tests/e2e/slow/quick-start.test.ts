/** Rung: real systems end to end. The commands of docs/QUICK_START.md, in the order in which a newcomer runs them. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Checkout, scratch } from "../lib/checkout";
import { testStacks } from "../lib/test-stacks";

jest.setTimeout(10 * 60_000);

const copy = Checkout.copy(testStacks.documents);

/** The page's commands, for a stack of another name on other ports. */
const blocks = [...readFileSync(join(copy.folder, "docs", "QUICK_START.md"), "utf8").matchAll(/^```sh\n(.*?)^```$/gms)].map(
  ([, text = ""]) =>
    text
      .replaceAll("Pulumi.dev.yaml", `Pulumi.${copy.stack}.yaml`)
      .replace(/localhost:(\d+)/g, (_, port: string) => `localhost:${Number(port) + testStacks.documents.offset}`),
);

beforeAll(() => copy.make("destroy", "YES=1"));
afterAll(async () => {
  await copy.make("destroy", "YES=1");
  rmSync(scratch, { recursive: true, force: true });
});

/** What the n-th block of the page prints; it must succeed as a whole. */
async function block(n: number): Promise<string> {
  const { ok, output } = await copy.shell(`set -eu\n${blocks[n] ?? "exit 1"}`);
  if (!ok) throw new Error(`block ${n + 1} of the page failed:\n${blocks[n]}\n${output}`);
  return output;
}

const steps: readonly [what: string, shows: readonly RegExp[]][] = [
  ["starts the stack", [/^==> Ready in/m, new RegExp(`Jaeger\\s+${copy.url("jaeger-ui")}`)]],
  ["sees it well", [/^OK/, /elasticsearch\s+healthy/, /cleaning\s+last/]],
  ["sends a trace", [/partialSuccess/]],
  ["finds it", [/GET api\/chat\/rooms\//, /test-123/]],
  ["is told an application's environment", [new RegExp(`^OTEL_EXPORTER_OTLP_ENDPOINT=${copy.url("otlp-http")}$`, "m")]],
  ["previews and changes sampling", [/50/, /^==> Ready in/m]],
  ["stops the stack", [/data and secrets are kept/]],
  ["deletes the stack", [new RegExp(`nothing labelled tracing.stack=${copy.stack} is left`)]],
];

it("has a command for each step", () => expect(blocks).toHaveLength(steps.length));

it.each(steps.map(([what, shows], n) => ({ what, shows, n })))("$what", async ({ shows, n }) => {
  const output = await block(n);
  for (const pattern of shows) expect(output).toMatch(pattern);
});

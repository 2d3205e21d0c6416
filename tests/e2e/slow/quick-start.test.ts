/** Rung: real systems end to end. The commands of docs/QUICK_START.md, in the order in which a newcomer runs them. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Checkout, project, scratch } from "./lib/commands";

jest.setTimeout(10 * 60_000);

// The page edits a stack file: in a copy.
const copy = Checkout.copy();
const blocks = [...readFileSync(join(copy.folder, "docs", "QUICK_START.md"), "utf8").matchAll(/^```sh\n(.*?)^```$/gms)].map(
  ([, text = ""]) => text,
);

beforeAll(() => project.make("destroy", "YES=1", "ENV=dev"));
afterAll(async () => {
  await project.make("destroy", "YES=1", "ENV=dev");
  rmSync(scratch, { recursive: true, force: true });
});

/** What the n-th block of the page prints; it must succeed as a whole. */
async function block(n: number): Promise<string> {
  const { ok, output } = await copy.shell(`set -eu\n${blocks[n] ?? "exit 1"}`);
  if (!ok) throw new Error(`block ${n + 1} of the page failed:\n${blocks[n]}\n${output}`);
  return output;
}

const steps: readonly [what: string, shows: readonly RegExp[]][] = [
  ["starts the stack", [/^==> Ready in/m, /Jaeger\s+http:\/\/127\.0\.0\.1:16686/]],
  ["sees it well", [/^OK/, /elasticsearch\s+healthy/, /cleaning\s+last/]],
  ["sends a trace", [/partialSuccess/]],
  ["finds it", [/GET api\/chat\/rooms\//, /test-123/]],
  ["is told an application's environment", [/^OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/127\.0\.0\.1:4318$/m]],
  ["previews and changes sampling", [/50/, /^==> Ready in/m]],
  ["stops and deletes the stack", [/data and secrets are kept/, /nothing labelled tracing\.stack=dev is left/]],
];

it("has a command for each step", () => expect(blocks).toHaveLength(steps.length));

it.each(steps.map(([what, shows], n) => ({ what, shows, n })))("$what", async ({ shows, n }) => {
  const output = await block(n);
  for (const pattern of shows) expect(output).toMatch(pattern);
});

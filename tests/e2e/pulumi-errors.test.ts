/** Rung: e2e. Invalid stack config under the plain Pulumi CLI: one message, no stack trace. Needs the CLI, and no container engine. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cliOnPath } from "../../scripts/lib/pulumi-cli";
import { Checkout } from "./lib/commands";

jest.setTimeout(5 * 60_000);

test("plain `pulumi preview` prints each problem once, without a stack trace", async () => {
  if (!(await cliOnPath())) {
    console.log("not run: there is no Pulumi CLI on the PATH");
    return;
  }
  const backend = mkdtempSync(join(tmpdir(), "tracing-backend-"));
  try {
    const checkout = Checkout.copy();
    const file = join(checkout.folder, "Pulumi.local.yaml");
    const text = readFileSync(join(checkout.folder, "Pulumi.dev.yaml"), "utf8");
    writeFileSync(file, text.replace("retention: 7d", "retention: 7days").replace("errors: 100", "erors: 100"));
    const variables = `export PULUMI_BACKEND_URL=file://${backend} PULUMI_CONFIG_PASSPHRASE=test PULUMI_SKIP_UPDATE_CHECK=true`;
    const { ok, output } = await checkout.shell(
      `${variables}\npulumi stack init local --non-interactive && pulumi preview -s local --non-interactive --color never`,
    );
    expect(ok).toBe(false);
    const diagnostics = output.slice(output.indexOf("Diagnostics:"));
    expect(diagnostics).toContain('error: 2 errors in the config of stack "local":');
    expect(diagnostics.match(/tracing:retention: found "7days"/g)).toHaveLength(1);
    expect(diagnostics.match(/tracing:sampling\.erors: no such setting; did you mean errors\?/g)).toHaveLength(1);
    expect(output).not.toMatch(/unhandled exception|\n\s+at |\[\d+m/);
  } finally {
    rmSync(backend, { recursive: true, force: true });
  }
});

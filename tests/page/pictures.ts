/**
 * Takes the pictures in docs/pictures from the running dev stack: `npx tsx tests/page/pictures.ts [name …]`, all of them without a name.
 * A stack shows little at first: run `make demo` a few times before.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { program, runCommand } from "../../cli/terminal/command";
import { UserError, note } from "../../cli/terminal/output";
import { loadSettings } from "../../cli/stack/stack";
import { project } from "../../configs/dashboards/perses";
import { applicationService as service } from "../../configs/sampling/application";
import { publishedUrl } from "../../configs/topology/docker";
import { startBrowser } from "./support/browser";

/** A page, what it shows when it is ready, and the colours. */
interface Picture {
  readonly url: () => string | Promise<string>;
  readonly ready: string;
  readonly colorScheme?: BrowserContextOptions["colorScheme"];
  readonly height?: number;
}

const line = program("tests/page/pictures.ts", "Take the pictures in docs/pictures from the running dev stack").argument(
  "[names...]",
  "which pictures (default: all)",
);

line.action(async (names: readonly string[]) => {
  const settings = loadSettings();
  const jaeger = publishedUrl(settings, "jaeger-ui");
  const perses = (dashboard: string) => `${publishedUrl(settings, "perses")}/projects/${project}/dashboards/${dashboard}`;

  /** The trace of the example's payment, which crosses a database, a cache, a call and a task. */
  const payment = async () => {
    const search = new URLSearchParams({ service, operation: "POST api/payments/<int:amount>/", limit: "1", lookback: "2d" });
    const answer = (await (await fetch(`${jaeger}/api/traces?${search.toString()}`)).json()) as { data: { traceID: string }[] };
    const id = answer.data[0]?.traceID;
    if (id === undefined) throw new UserError(`no payment of ${service} is stored; make demo sends one`);
    return `${jaeger}/trace/${id}`;
  };

  const pictures: Readonly<Record<string, Picture>> = {
    "perses-pipeline": { url: () => perses("pipeline"), ready: "canvas" },
    "perses-services": { url: () => perses("services"), ready: "canvas", colorScheme: "dark" },
    "perses-objectives": { url: () => perses("objectives"), ready: "canvas" },
    "perses-sampling": { url: () => perses("sampling"), ready: "canvas" },
    "perses-storage": { url: () => perses("storage"), ready: "canvas", colorScheme: "dark" },
    "jaeger-search": { url: () => `${jaeger}/search?service=${service}`, ready: "body", height: 700 },
    "jaeger-trace": { url: payment, ready: "body", height: 700 },
    "prometheus-alerts": { url: () => `${publishedUrl(settings, "prometheus")}/alerts`, ready: "body", height: 700 },
    alertmanager: { url: () => `${publishedUrl(settings, "alertmanager")}/#/alerts`, ready: "body", height: 700 },
  };
  const wanted = names.length > 0 ? names : Object.keys(pictures);
  const unknown = wanted.filter((name) => !(name in pictures));
  if (unknown.length > 0) throw new UserError(`found ${unknown.join(", ")}; pictures are ${Object.keys(pictures).join(", ")}`);

  const folder = join(__dirname, "../../docs/pictures");
  mkdirSync(folder, { recursive: true });
  const browser = await startBrowser();
  try {
    for (const name of wanted) {
      const { url, ready, colorScheme = "light", height = 900 } = pictures[name] as Picture;
      const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height } });
      const page = await context.newPage();
      await page.goto(await url(), { timeout: 60_000 });
      await page.locator(ready).first().waitFor({ timeout: 60_000 });
      // Charts are drawn bit by bit.
      await page.waitForTimeout(5000);
      await page.screenshot({ path: join(folder, `${name}.png`) });
      note(`docs/pictures/${name}.png`);
      await context.close();
    }
  } finally {
    await browser.close();
  }
});

runCommand(line);

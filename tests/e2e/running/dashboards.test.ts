/** Rung: real systems end to end. Prometheus answers every query of every dashboard with data, and Perses shows the dashboards. The stack is one that several test files share. */
import { rmSync } from "node:fs";
import { docker } from "../../../cli/engine/docker";
import { dashboards } from "../../../configs/dashboards";
import { datasourceName, project } from "../../../configs/dashboards/perses";
import { metricsOf, queriesOf } from "../../support/dashboards";
import { eventually } from "../../support/waiting";
import { Checkout, scratch } from "../lib/checkout";
import { Clients } from "../lib/send";
import { Systems } from "../lib/systems";

jest.setTimeout(10 * 60_000);

const stack = Checkout.copy();
const systems = new Systems(stack);
const clients = new Clients(stack);

beforeAll(async () => {
  for (const protocol of ["grpc", "http"] as const) {
    await systems.trace(await clients.otel(protocol, { service: "dashboards", name: "GET /dashboards" }));
  }
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly { readonly metric: Readonly<Record<string, string>> }[] };
}

async function ask(expr: string): Promise<Answer> {
  // All services and operations, as a page shows at first.
  const asked = expr.replaceAll(/\$(service|operation)/g, ".*");
  const { text } = await systems.page("prometheus", `/api/v1/query?query=${encodeURIComponent(asked)}`);
  return JSON.parse(text) as Answer;
}

const queries = queriesOf(stack.settings).map((one) => [`${one.dashboard}: ${one.panel.title}: ${one.query.legend}`, one] as const);

it.each(queries)("%s is answered", async (where, { panel, query }) => {
  const needed =
    panel.empty === undefined && metricsOf(stack.settings, query.expr).every(({ since }) => since === "start" || since === "first span");
  const answer = needed
    ? await eventually(where, 120, async () => {
        const found = await ask(query.expr);
        return found.status !== "success" || found.data?.result.length ? found : undefined;
      })
    : await ask(query.expr);
  expect([answer.status, answer.error]).toEqual(["success", undefined]);
  const wanted = [...query.legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? "");
  for (const { metric } of answer.data?.result ?? []) expect(Object.keys(metric)).toEqual(expect.arrayContaining(wanted));
});

describe("Perses", () => {
  const page = async (path: string) => JSON.parse((await systems.page("perses", path)).text) as unknown;

  const wanted = dashboards(stack.settings).map(({ name }) => name);
  const shown = (seconds: number) =>
    eventually("dashboards in Perses", seconds, async () => {
      const list = await page(`/api/v1/projects/${project}/dashboards`).catch(() => []);
      const names = (list as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
      return names.length >= wanted.length ? names : undefined;
    });

  it("shows every dashboard", async () => {
    expect((await shown(60)).sort()).toEqual([...wanted].sort());
  });

  it("shows them again after a restart, when its folder on memory is mounted anew", async () => {
    await docker("restart", `tracing-${stack.stack}-perses`);
    expect((await shown(120)).sort()).toEqual([...wanted].sort());
  });

  it("asks the stack's Prometheus for a browser", async () => {
    const proxy = `/proxy/projects/${project}/datasources/${datasourceName}`;
    const answer = (await page(`${proxy}/api/v1/query?query=${encodeURIComponent('up{job="prometheus"}')}`)) as Answer;
    expect(answer.data?.result.map(({ metric }) => metric.job)).toEqual(["prometheus"]);
    expect((await systems.page("perses", `${proxy}/api/v1/status/config`)).status).toBe(403);
  });

  it("has pages", async () => {
    const { status, text } = await systems.page("perses", "/projects/tracing");
    expect(status).toBe(200);
    expect(text).toContain("<script");
  });
});

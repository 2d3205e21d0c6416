/**
 * Rung: real systems end to end. Each metric of the catalogue is there on a healthy stack, with its labels; what only a failure brings about is read from the
 * programs themselves in tests/rules/emitted.test.ts. The stack is one that several test files share.
 */
import { rmSync } from "node:fs";
import { redactedKinds, redactedLabel } from "../../../configs/collector/redaction";
import { metrics, type Metric } from "../../../configs/prometheus/metrics";
import { topologyOf } from "../../../configs/topology";
import { eventually } from "../../support/waiting";
import { Checkout, scratch } from "../lib/checkout";
import { Clients } from "../lib/send";
import { Systems } from "../lib/systems";

jest.setTimeout(5 * 60_000);

const stack = Checkout.copy();
const systems = new Systems(stack);
const clients = new Clients(stack);

beforeAll(async () => {
  for (const protocol of ["grpc", "http"] as const) {
    await systems.trace(await clients.otel(protocol, { service: "catalogue", name: "GET /catalogue" }));
  }
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const scraped = new Set(topologyOf(stack.settings).scrape.map(({ name }) => name));

/** Those that a healthy stack on Docker has, each under each of its jobs. */
const expected = Object.values<Metric>(metrics)
  .filter(({ since }) => since === "start" || since === "first span")
  .flatMap((metric) => metric.jobs.map((job) => ({ metric, job })))
  // Not what this stack does not have, such as the proxy in front of the Collector.
  .filter(({ job }) => scraped.has(job));

const masked = new Set<string>(redactedKinds.map(redactedLabel));

/** Not on this stack: labels of a cluster's two tiers, and of spans in which something was masked (tests/binaries/redaction.test.ts). */
const isElsewhere = (label: string) => label === "tier" || label === "service" || masked.has(label);

const seriesOf = ({ name, type }: Metric) => (type === "histogram" ? ["bucket", "count", "sum"].map((part) => `${name}_${part}`) : [name]);

it.each(expected.map((one) => [one.metric.name, one.job, one.metric] as const))("%s is there under %s", async (_name, job, metric) => {
  const found = new Set<string>();
  for (const name of seriesOf(metric)) {
    const labels = await eventually(`${name} of ${job}`, 90, async () => {
      const { text } = await systems.page("prometheus", `/api/v1/series?match[]=${encodeURIComponent(`${name}{job="${job}"}`)}`);
      const { data } = JSON.parse(text) as { data: Record<string, string>[] };
      return data.length > 0 ? data.flatMap((labels) => Object.keys(labels)) : undefined;
    });
    for (const label of labels) found.add(label);
  }
  expect(metric.labels.filter((label) => !isElsewhere(label) && !found.has(label))).toEqual([]);
});

/**
 * Rung: binaries. Jaeger's pages, by the real Jaeger with stand-ins for Elasticsearch and Prometheus: what it asks Prometheus, that it starts and answers
 * without one, and that its page holds the UI's config, also a newer one.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { jaegerConfig } from "../../configs/jaeger/config";
import { uiConfig } from "../../configs/jaeger/pages";
import { passwordFile } from "../../configs/elasticsearch/users";
import { metrics } from "../../configs/prometheus/metrics";
import { files, paths, ports } from "../../configs/topology/ports";
import { standIn } from "../rules/support/elasticsearch";
import { moved, ready, written } from "../rules/support/moved";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { olderJaeger } from "./support/older-jaeger";
import { program, run } from "./support/programs";
import { httpServer } from "../support/http-server";

jest.setTimeout(60_000);
const folder = temporaryFolder();
const links = [
  { type: "traces", url: "https://logs.example.com/?q=#{traceID}&from=#{startTime | add -60000000}", text: "Logs of this trace" },
];
const settings = settingsWith({ otherImages: olderJaeger, jaeger: { links } });

/** What was asked of Prometheus. */
let queries: string[] = [];

/** A stand-in for Prometheus, with one series of the value 1.5. */
const prometheus = () =>
  httpServer((request, response, body) => {
    const query = new URLSearchParams(request.method === "POST" ? body.toString() : (request.url ?? "").split("?")[1]).get("query") ?? "";
    queries.push(query);
    const result = [{ metric: { service_name: "shop", span_name: "GET /" }, values: [[Math.floor(Date.now() / 1000), "1.5"]] }];
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ status: "success", data: { resultType: "matrix", result } }));
  });

/** Runs Jaeger with its own config, and does something meanwhile. */
async function withJaeger(metricsUrl: string, page: string | undefined, action: (url: string) => Promise<void>): Promise<string> {
  const elasticsearch = await standIn();
  for (const user of ["writer", "reader"] as const) written(folder(), passwordFile(settings, user), "x");
  written(folder(), files.strategies, "{}");
  written(folder(), files.ui, uiConfig(settings));
  if (page !== undefined) {
    mkdirSync(join(folder(), "page"), { recursive: true });
    written(folder(), "page/index.html", page);
  }
  const { at, config } = await moved(folder(), ports.jaeger, (topology) =>
    jaegerConfig(settings, { ...topology, elasticsearchUrl: elasticsearch.url, prometheus: { url: metricsUrl } })
      .replace(`config_file: ${paths.live}/${files.ui}`, (line) =>
        page === undefined ? line : `assets_path: ${folder()}/page\n      ${line}`,
      )
      .replaceAll(paths.secrets, folder())
      .replaceAll(paths.live, folder()),
  );
  const { output } = await run(program("jaeger"), [`--config=${config}`], {
    seconds: 50,
    until: ready,
    meanwhile: () => action(`http://127.0.0.1:${at.query}`),
  });
  await elasticsearch.close();
  return output;
}

const answer = async (url: string) => {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
};
const monitor = (url: string, what: string, more: Readonly<Record<string, string>> = {}) => {
  const query = new URLSearchParams({
    service: "shop",
    groupByOperation: "true",
    endTs: String(Date.now()),
    lookback: "3600000",
    step: "60000",
    ratePer: "600000",
    spanKind: "server",
    ...more,
  });
  return answer(`${url}/api/metrics/${what}?${query.toString()}`);
};

test("the Monitor tab's rates, errors and durations are those of the Collector's span metrics", async () => {
  queries = [];
  const stand = await prometheus();
  let answers: { status: number; text: string }[] = [];
  await withJaeger(stand.url, undefined, async (url) => {
    answers = [await monitor(url, "calls"), await monitor(url, "errors"), await monitor(url, "latencies", { quantile: "0.95" })];
  });
  await stand.close();
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(answers[0]!.text).toContain('"doubleValue":1.5');
  const [calls, errors, durations] = queries;
  const kind = 'service_name =~ "shop", span_kind =~ "SPAN_KIND_SERVER"';
  expect(calls).toBe(`sum(rate(${metrics.calls.name}{${kind}}[10m])) by (service_name,span_name)`);
  expect(errors).toContain(`${metrics.calls.name}{service_name =~ "shop", status_code = "STATUS_CODE_ERROR"`);
  expect(durations).toContain(`${metrics.callSeconds.name}_bucket{${kind}}`);
});

test("Jaeger starts and answers without Prometheus; the Monitor tab alone fails, at once", async () => {
  const begin = Date.now();
  let services = { status: 0, text: "" };
  let rates = services;
  let seconds = 0;
  await withJaeger("http://127.0.0.1:1", undefined, async (url) => {
    services = await answer(`${url}/api/v3/services`);
    const asked = Date.now();
    rates = await monitor(url, "calls");
    seconds = (Date.now() - asked) / 1000;
  });
  expect(services.status).toBe(200);
  expect(rates.status).toBe(500);
  expect(seconds).toBeLessThan(6);
  expect(Date.now() - begin).toBeLessThan(30_000);
});

test("its page holds the UI's config, and a newer one without a new start", async () => {
  const page = "<html><script>const DEFAULT_CONFIG = null; const JAEGER_CONFIG = DEFAULT_CONFIG;</script></html>";
  const configIn = (text: string) => JSON.parse(/JAEGER_CONFIG = (.*?);<\/script>/.exec(text)?.[1] ?? "null") as unknown;
  let [first, second]: unknown[] = [];
  await withJaeger("http://127.0.0.1:1", page, async (url) => {
    first = configIn((await answer(`${url}/trace/1`)).text);
    written(folder(), files.ui, uiConfig(settingsWith({ jaeger: { monitor: false, dependencies: false } })));
    second = await until(
      15,
      async () => configIn((await answer(`${url}/search`)).text),
      // For a moment there is none: Jaeger may read a file that is being written.
      (found) => found !== null && JSON.stringify(found) !== JSON.stringify(first),
    );
  });
  expect(first).toEqual({ dependencies: { menuEnabled: true }, monitor: { menuEnabled: true }, linkPatterns: links });
  expect(second).toEqual({ dependencies: { menuEnabled: false }, monitor: { menuEnabled: false }, linkPatterns: [] });
});

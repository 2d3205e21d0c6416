/** Applications by rate, errors and duration, from the span metrics: they count every request, kept or not. */
import { compact } from "../compact";
import { histogram, is, like, series, type Matchers } from "../prometheus/metrics";
import { quantile, rate, sumBy } from "../prometheus/promql";
import type { StackSettings } from "../stack/schema";
import { onlyByLogin, screenUrl } from "../login/screens";
import { publishedUrl } from "../topology/docker";
import type { Dashboard, Link, Panel, Section, Variable } from "./dashboard";

/** Spans that do what somebody asked for: requests that come in, and messages that are taken. */
const work = { span_kind: like("SPAN_KIND_(SERVER|CONSUMER)") };

/** Those of the services that are chosen at the top of the page, and of the operations too. */
const ofServices = { service_name: like("$service"), ...work };
const ofOperations = { ...ofServices, span_name: like("$operation") };

const failed = { status_code: is("STATUS_CODE_ERROR") };

/** Requests a second, by a label. */
const requests = (by: string, of: Matchers<"calls">) => sumBy(by, rate(series("calls", of), "5m"));

/** The share of them that failed, in percent. */
const errorShare = (by: string, of: Matchers<"calls">) =>
  `100 * (${requests(by, { ...of, ...failed })} or ${requests(by, of)} * 0) / (${requests(by, of)} > 0)`;

/** A quantile where anything happened: of nothing it is no number, which tables would show. */
const known = (quantile: string) => `${quantile} >= 0`;

/** Seconds that a share of them stays below: of all together, or by a label. */
const duration = (share: number, of: Matchers<"callSeconds">, ...by: string[]) =>
  known(quantile(share, histogram("callSeconds", "bucket", of), ...by));

const percentiles = [50, 95, 99] as const;

const idle = "no request in five minutes";

/** Rate, errors and duration as a row for each value of a label. */
const summary = (by: string, of: Matchers<"calls"> & Matchers<"callSeconds">) =>
  ({
    kind: "table",
    by,
    unit: "requests/s",
    queries: [
      { expr: requests(by, of), legend: "requests" },
      { expr: errorShare(by, of), legend: "errors", unit: "percent" },
      ...percentiles.map((percent) => ({ expr: duration(percent / 100, of, by), legend: `${percent} %`, unit: "seconds" }) as const),
    ],
    empty: idle,
  }) as const satisfies Partial<Panel>;

const services: Section = {
  title: "Services",
  panels: [
    {
      title: "All services",
      description: "As on other days; start with the service whose errors or duration rose first, and choose it above.",
      ...summary("service_name", work),
    },
    {
      title: "Requests",
      description: "As on other days at this hour; a sudden fall is as suspicious as a rise.",
      unit: "requests/s",
      kind: "time series",
      queries: [{ expr: requests("service_name", ofServices), legend: "{{service_name}}" }],
      empty: idle,
    },
    {
      title: "Errors",
      description: "Close to 0 %; in the minutes of a rise search Jaeger for `error=true`, as traces with errors are kept first.",
      unit: "percent",
      kind: "time series",
      queries: [{ expr: errorShare("service_name", ofServices), legend: "{{service_name}}" }],
      empty: idle,
    },
    {
      title: "Duration",
      description: "The lines keep their distance; if only the upper lines rise, some requests became slow: search Jaeger by duration.",
      unit: "seconds",
      kind: "time series",
      queries: percentileQueries(ofServices),
      empty: idle,
    },
    {
      title: "Duration by service, 95 %",
      description: "As on other days; of several services that became slow, the one that the others call is the cause.",
      unit: "seconds",
      kind: "time series",
      queries: [{ expr: duration(0.95, ofServices, "service_name"), legend: "{{service_name}}" }],
      empty: idle,
    },
  ],
};

const operations: Section = {
  title: "Operations of the chosen services",
  panels: [
    {
      title: "All operations",
      description: "As on other days; rows that differ only in an id mean that an application puts ids into span names.",
      ...summary("span_name", ofServices),
    },
    {
      title: "Requests by operation",
      description: "As on other days at this hour; an operation that stops means that a client no longer calls it.",
      unit: "requests/s",
      kind: "time series",
      queries: [{ expr: requests("span_name", ofOperations), legend: "{{span_name}}" }],
      empty: idle,
    },
    {
      title: "Errors by operation",
      description: "Close to 0 %; the operation whose line rises is the one to search for in Jaeger.",
      unit: "percent",
      kind: "time series",
      queries: [{ expr: errorShare("span_name", ofOperations), legend: "{{span_name}}" }],
      empty: idle,
    },
    {
      title: "Duration of the chosen operations",
      description: "The lines keep their distance; if only the 99 % line rises, look at single slow traces in Jaeger.",
      unit: "seconds",
      kind: "time series",
      queries: percentileQueries(ofOperations),
      empty: idle,
    },
    {
      title: "Duration by operation, 95 %",
      description: "As on other days; the traces of an operation that became slow show which span takes the time.",
      unit: "seconds",
      kind: "time series",
      queries: [{ expr: duration(0.95, ofOperations, "span_name"), legend: "{{span_name}}" }],
      empty: idle,
    },
  ],
};

/** Calls between services, by the pair. */
const pair = "client, server";
const pairLegend = "{{client}} → {{server}}";
const noCall = "no call between services";

const graphRate = (metric: "graphCalls" | "graphFailedCalls") => sumBy(pair, rate(series(metric), "5m"));

const calls: Section = {
  title: "Calls between services",
  panels: [
    {
      title: "Calls",
      description: "As on other days; Jaeger's Dependencies page draws the same for the last seven days.",
      unit: "requests/s",
      kind: "time series",
      queries: [{ expr: graphRate("graphCalls"), legend: pairLegend }],
      empty: noCall,
    },
    {
      title: "Failed calls",
      description: "Close to 0 %; of several pairs that fail, the one furthest downstream has the fault.",
      unit: "percent",
      kind: "time series",
      queries: [
        {
          expr: `100 * (${graphRate("graphFailedCalls")} or ${graphRate("graphCalls")} * 0) / (${graphRate("graphCalls")} > 0)`,
          legend: pairLegend,
        },
      ],
      empty: noCall,
    },
    {
      title: "Duration of calls, 95 %",
      description:
        "As the client measures it, up to a second; if it rises and that of the called service does not, the network takes the time.",
      unit: "seconds",
      kind: "time series",
      queries: [{ expr: known(quantile(0.95, histogram("graphClientSeconds", "bucket"), "client", "server")), legend: pairLegend }],
      empty: noCall,
    },
  ],
};

function percentileQueries(of: Matchers<"callSeconds">): Panel["queries"] {
  const query = (percent: number) => ({ expr: duration(percent / 100, of), legend: `${percent} %` });
  const [first, ...others] = percentiles;
  return [query(first), ...others.map(query)];
}

const variables: readonly Variable[] = [
  { name: "service", title: "Service", label: "service_name", of: series("calls") },
  { name: "operation", title: "Operation", label: "span_name", of: series("calls", ofServices) },
];

/** Jaeger's search page, where a browser reaches it. In a cluster without an ingress it does so by port-forward only. */
function jaegerSearch(settings: StackSettings): readonly Link[] {
  const { platform, jaeger } = settings;
  const direct = platform === "docker" && !onlyByLogin(settings) ? publishedUrl(settings, "jaeger-ui") : undefined;
  const ingress = jaeger.ingress && !settings.login ? `https://${jaeger.ingress.host}` : undefined;
  const url = screenUrl(settings, "traces") ?? ingress ?? direct;
  return url === undefined ? [] : [{ title: "Search traces in Jaeger", url: `${url}/search` }];
}

/** Rate, errors and duration, by service and by operation. */
export const servicesDashboard = (settings: StackSettings): Dashboard => ({
  name: "services",
  title: "Tracing: services",
  description: "Rate, errors and duration of the applications' requests and messages, by service and by operation.",
  variables,
  links: jaegerSearch(settings),
  sections: compact([services, operations, settings.jaeger.dependencies && calls]),
});

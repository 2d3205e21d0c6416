/** Dashboards as Perses' resources: https://perses.dev/perses/docs/api/dashboard/. */
import { placed, type Dashboard, type Link, type Panel, type Query, type Section, type Unit, type Variable } from "./dashboard";
import { toYaml } from "../yaml";

/** The project that all resources of the stack are in. */
export const project = "tracing";

/** The name of the stack's data source in it. */
export const datasourceName = "prometheus";

const datasource = { kind: "PrometheusDatasource", name: datasourceName } as const;

/** Perses' formats of units. */
const formats: Readonly<Record<Unit, object>> = {
  "spans/s": { unit: "counts/sec", shortValues: true },
  "traces/s": { unit: "counts/sec", shortValues: true },
  "requests/s": { unit: "requests/sec", shortValues: true },
  "bytes/s": { unit: "bytes/sec", shortValues: true },
  percent: { unit: "percent", decimalPlaces: 1 },
  bytes: { unit: "bytes", shortValues: true },
  seconds: { unit: "seconds" },
  count: { unit: "decimal", shortValues: true },
  state: { unit: "decimal" },
};

const [good, bad, neutral] = ["#2e7d32", "#c62828", "#1565c0"];

/** The text of a dashboard's file. */
export const persesText = (dashboard: Dashboard): string => toYaml(persesDashboard(dashboard));

/** A dashboard as Perses has it. */
function persesDashboard({ name, title, description, variables = [], links = [], sections }: Dashboard): object {
  return {
    kind: "Dashboard",
    metadata: { name, project },
    spec: {
      display: { name: title, description },
      duration: "1h",
      refreshInterval: "30s",
      variables: variables.map(choice),
      panels: Object.fromEntries(sections.flatMap(({ panels }) => panels.map((panel) => [key(panel), panelOf(panel, links)]))),
      layouts: sections.map(grid),
    },
  };
}

/** Key of a panel, to which layouts refer. */
const key = ({ title }: Panel): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-$/, "");

const grid = (section: Section): object => ({
  kind: "Grid",
  spec: {
    display: { title: section.title, collapse: { open: true } },
    items: placed(section).map(({ panel, x, y, width, height }) => ({
      x,
      y,
      width,
      height,
      content: { $ref: `#/spec/panels/${key(panel)}` },
    })),
  },
});

const choice = ({ name, title, label, of }: Variable): object => ({
  kind: "ListVariable",
  spec: {
    name,
    display: { name: title },
    allowAllValue: true,
    allowMultiple: true,
    customAllValue: ".*",
    defaultValue: "$__all",
    sort: "alphabetical-asc",
    plugin: { kind: "PrometheusLabelValuesVariable", spec: { datasource, labelName: label, matchers: [of] } },
  },
});

/** Perses has links on panels only. */
const panelOf = (panel: Panel, links: readonly Link[]): object => ({
  kind: "Panel",
  spec: {
    display: { name: panel.title, description: panel.description },
    plugin: looks[panel.kind](panel),
    queries: panel.queries.map(queryOf),
    links: links.map(({ title, url }) => ({ name: title, url, targetBlank: true })),
  },
});

const queryOf = ({ expr, legend }: Query): object => ({
  kind: "TimeSeriesQuery",
  spec: { plugin: { kind: "PrometheusTimeSeriesQuery", spec: { datasource, query: expr, seriesNameFormat: legend } } },
});

/** Perses' plugin for each kind of panel. */
const looks = { "time series": timeSeries, stat, status, table };

function timeSeries({ unit, limit }: Panel): object {
  return {
    kind: "TimeSeriesChart",
    spec: {
      legend: { position: "bottom", mode: "list" },
      yAxis: { format: formats[unit] },
      visual: { areaOpacity: 0.1, connectNulls: false },
      thresholds: limit && { steps: [{ value: limit.value, color: bad, name: limit.bad === "above" ? "at most" : "at least" }] },
    },
  };
}

function stat({ unit, limit }: Panel): object {
  const [before, after] = limit?.bad === "above" ? [good, bad] : [bad, good];
  return {
    kind: "StatChart",
    spec: {
      calculation: "last-number",
      format: formats[unit],
      thresholds: limit ? { defaultColor: before, steps: [{ value: limit.value, color: after }] } : { defaultColor: neutral, steps: [] },
    },
  };
}

function status({ unit }: Panel): object {
  const mapping = (value: string, text: string, color: string | undefined) => ({
    kind: "Value",
    spec: { value, result: { value: text, color } },
  });
  return {
    kind: "StatChart",
    spec: {
      calculation: "last-number",
      format: formats[unit],
      mappings: [mapping("1", "OK", good), mapping("0", "NOT OK", bad)],
    },
  };
}

/** The results of all queries as columns of one table: Perses numbers columns of the same name, so those of the label are made one first. */
function table(panel: Panel): object {
  const { queries, unit } = panel;
  const by = panel.kind === "table" ? panel.by : "";
  const several = queries.length > 1;
  return {
    kind: "Table",
    spec: {
      columnSettings: [
        { name: by },
        ...queries.map((query, index) => ({
          name: several ? `value #${index + 1}` : "value",
          header: query.legend,
          format: formats[query.unit ?? unit],
          enableSorting: true,
        })),
        { name: "timestamp", hide: true },
      ],
      transforms: several
        ? [
            { kind: "MergeIndexedColumns", spec: { column: by } },
            { kind: "JoinByColumnValue", spec: { columns: [by] } },
          ]
        : [],
    },
  };
}

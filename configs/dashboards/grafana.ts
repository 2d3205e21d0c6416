/** Dashboards as Grafana's JSON: the classic model, which every supported Grafana imports, its sidecar reads and its file provisioning takes. */
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as grafana from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import {
  placed,
  type Dashboard,
  type Link,
  type Panel,
  type Placed,
  type Query,
  type Section,
  type Unit,
  type Variable,
} from "./dashboard";

/** Grafana's ids of units. `si:` scales what follows, `short` has none. */
const units: Readonly<Record<Unit, string>> = {
  "spans/s": "si: spans/s",
  "traces/s": "si: traces/s",
  "requests/s": "si: requests/s",
  "bytes/s": "binBps",
  percent: "percent",
  bytes: "bytes",
  seconds: "s",
  count: "short",
  state: "none",
};

/** The data source that is chosen at the top of the page: no dashboard names one of an installation's. */
const datasource = { type: "prometheus", uid: "${datasource}" } as const;

/** UID of a dashboard, part of its address in Grafana. At most 40 characters, and unique for each stack. */
const uid = (stack: string, name: string): string => `${`tracing-${stack}`.slice(0, 39 - name.length)}-${name}`;

/** The text of a dashboard's JSON file. */
export const grafanaText = (dashboard: Dashboard, stack: string): string =>
  `${JSON.stringify(grafanaDashboard(dashboard, stack), null, 2)}\n`;

/** A dashboard as Grafana has it. Its title names the stack: what it compares with are that stack's settings. */
function grafanaDashboard(dashboard: Dashboard, stack: string): object {
  const { name, title, description, variables = [], links = [], sections } = dashboard;
  // The model that came after it is not what older Grafanas import.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const builder = new grafana.DashboardBuilder(`${title} (${stack})`)
    .uid(uid(stack, name))
    .description(description)
    .tags(["tracing", stack])
    .time({ from: "now-1h", to: "now" })
    .refresh("30s")
    .tooltip(grafana.DashboardCursorSync.Crosshair)
    .variables([new grafana.DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"), ...variables.map(choice)])
    .links(links.map(linkTo));
  let [top, id] = [0, 1];
  for (const section of sections) {
    builder.withRow(new grafana.RowBuilder(section.title).id(id++).gridPos({ x: 0, y: top, w: 24, h: 1 }));
    for (const place of placed(section)) builder.withPanel(panelAt(place, top + 1, id++));
    top += 1 + heightOf(section);
  }
  return builder.build();
}

/** Rows that the panels of a section take. */
const heightOf = (section: Section): number => Math.max(...placed(section).map(({ y, height }) => y + height));

const choice = ({ name, title, label, of }: Variable) =>
  new grafana.QueryVariableBuilder(name)
    .label(title)
    .datasource(datasource)
    .query(`label_values(${of}, ${label})`)
    .refresh(grafana.VariableRefresh.OnTimeRangeChanged)
    .sort(grafana.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ selected: true, text: "All", value: "$__all" });

const linkTo = ({ title, url }: Link) =>
  new grafana.DashboardLinkBuilder(title).type(grafana.DashboardLinkType.Link).url(url).icon("external link").targetBlank(true);

function panelAt({ panel, x, y, width, height }: Placed, top: number, id: number) {
  const builder = looks[panel.kind](panel)
    .id(id)
    .title(panel.title)
    .description(panel.description)
    .datasource(datasource)
    .unit(units[panel.unit])
    .thresholds(thresholds(panel))
    .targets(panel.queries.map((query, index) => target(panel, query, index)))
    .gridPos({ x, y: top + y, w: width, h: height });
  return panel.empty === undefined ? builder : builder.noValue(panel.empty);
}

/** Grafana's type for each kind of panel. */
const looks = { "time series": timeSeries, stat, status, table };

function timeSeries({ limit }: Panel) {
  const style = limit ? common.GraphThresholdsStyleMode.Dashed : common.GraphThresholdsStyleMode.Off;
  return new TimeSeriesBuilder()
    .axisSoftMin(0)
    .fillOpacity(10)
    .showPoints(common.VisibilityMode.Never)
    .thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(style))
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending));
}

function stat({ queries }: Panel) {
  return new StatBuilder()
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .graphMode(common.BigValueGraphMode.None)
    .textMode(queries.length > 1 ? common.BigValueTextMode.ValueAndName : common.BigValueTextMode.Auto);
}

function status(panel: Panel) {
  const options = { "1": { text: "OK", color: "green" }, "0": { text: "NOT OK", color: "red" } };
  return stat(panel)
    .textMode(common.BigValueTextMode.ValueAndName)
    .colorMode(common.BigValueColorMode.Background)
    .mappings([{ type: grafana.MappingType.ValueToText, options }]);
}

/** The results of all queries as columns of one table. Grafana calls them `Value #A` and so on. */
function table({ queries, unit }: Panel) {
  const renameByName = Object.fromEntries(queries.map(({ legend }, index) => [`Value #${refId(index)}`, legend]));
  const builder = new TableBuilder()
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({ id: "organize", options: { excludeByName: { Time: true }, renameByName } });
  for (const query of queries) builder.overrideByName(query.legend, [{ id: "unit", value: units[query.unit ?? unit] }]);
  return builder;
}

function target({ kind }: Panel, { expr, legend }: Query, index: number) {
  const query = new DataqueryBuilder().refId(refId(index)).datasource(datasource).expr(expr).legendFormat(legend);
  if (kind === "time series") return query.range();
  return kind === "table" ? query.instant().format(PromQueryFormat.Table) : query.instant();
}

const refId = (index: number): string => String.fromCharCode("A".charCodeAt(0) + index);

function thresholds({ limit }: Panel) {
  const [before, after] = limit?.bad === "above" ? ["green", "red"] : ["red", "green"];
  const steps = limit
    ? [
        { value: null, color: before },
        { value: limit.value, color: after },
      ]
    : [{ value: null, color: "blue" }];
  return new grafana.ThresholdsConfigBuilder().mode(grafana.ThresholdsMode.Absolute).steps(steps);
}

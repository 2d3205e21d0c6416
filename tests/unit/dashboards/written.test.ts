/** Rung: unit. The dashboards as Grafana and Perses read them. */
import type { Panel as GrafanaPanel, RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";
import { parse } from "yaml";
import { dashboards } from "../../../configs/dashboards";
import { dashboardFiles, grafanaFiles, persesFiles } from "../../../configs/dashboards/files";
import { grafanaText } from "../../../configs/dashboards/grafana";
import { settingsWith } from "../../support/settings";
import { stacks } from "../../support/dashboards";

interface Written {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly (GrafanaPanel | RowPanel)[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly datasource?: object }[] };
  readonly links: readonly { readonly url: string }[];
}

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly datasource: object;
  readonly instant?: boolean;
  readonly format?: string;
}

const chosen = { type: "prometheus", uid: "${datasource}" };
const isRow = (panel: GrafanaPanel | RowPanel): panel is RowPanel => panel.type === "row";
const targetsOf = (panel: GrafanaPanel) => panel.targets as unknown as Target[];

describe.each(Object.entries(stacks))("Grafana's dashboards of the stack %s", (_name, settings) => {
  const files = Object.entries(grafanaFiles(settings)).map(([file, text]) => [file, JSON.parse(text) as Written] as const);

  test("have ids that Grafana takes, and that no other dashboard has", () => {
    for (const [, { uid }] of files) expect(uid).toMatch(/^[a-zA-Z0-9_-]{8,40}$/);
    expect(new Set(files.map(([, { uid }]) => uid)).size).toBe(files.length);
  });

  test.each(files)("%s has all panels of the catalogue, under rows, with ids of their own", (file, { panels }) => {
    const { sections } = dashboards(settings).find(({ name }) => `${name}.json` === file)!;
    expect(panels.filter(isRow).map(({ title }) => title)).toEqual(sections.map(({ title }) => title));
    expect(panels.filter((panel) => !isRow(panel)).map(({ title }) => title)).toEqual(
      sections.flatMap((section) => section.panels.map(({ title }) => title)),
    );
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  test.each(files)("%s lays nothing over anything else", (_file, { panels }) => {
    const cells = panels.flatMap(({ gridPos }) => {
      const { x, y, w, h } = gridPos!;
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
  });

  test.each(files)("%s asks the data source that is chosen on its page, and no other", (_file, { panels, templating }) => {
    expect(templating.list[0]).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
    for (const variable of templating.list.slice(1)) expect(variable.datasource).toEqual(chosen);
    for (const panel of panels) {
      if (isRow(panel)) continue;
      expect(panel.datasource).toEqual(chosen);
      expect(targetsOf(panel).map(({ datasource }) => datasource)).toEqual(targetsOf(panel).map(() => chosen));
      expect(targetsOf(panel).map(({ refId }) => refId)).toEqual(["A", "B", "C", "D", "E"].slice(0, targetsOf(panel).length));
    }
  });

  test.each(files)("%s asks for one moment where no line is drawn", (_file, { panels }) => {
    for (const panel of panels) {
      if (isRow(panel)) continue;
      for (const { instant, format } of targetsOf(panel)) {
        expect(instant).toBe(panel.type !== "timeseries");
        expect(format).toBe(panel.type === "table" ? "table" : undefined);
      }
    }
  });
});

test("the dashboards of two stacks fit into one Grafana, also with a long name", () => {
  const [dashboard] = dashboards(settingsWith());
  const of = (stack: string) => JSON.parse(grafanaText(dashboard!, stack)) as Written;
  const [one, other] = [of("staging"), of("s".repeat(30))];
  expect(one.uid).not.toBe(other.uid);
  expect(one.title).not.toBe(other.title);
  expect(other.uid).toHaveLength(40);
});

test("pages lead to Jaeger where a browser reaches it", () => {
  const linksOf = (groups: Record<string, unknown>) =>
    (JSON.parse(grafanaFiles(settingsWith(groups))["services.json"]!) as Written).links.map(({ url }) => url);
  const kubernetes = { platform: "kubernetes" };
  const ingress = { host: "jaeger.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls", usersSecret: "users" };
  expect(linksOf({})).toEqual(["http://127.0.0.1:16686/search"]);
  expect(linksOf({ publish: { offset: 1000 } })).toEqual(["http://127.0.0.1:17686/search"]);
  expect(linksOf(kubernetes)).toEqual([]);
  expect(linksOf({ ...kubernetes, jaeger: { ingress } })).toEqual(["https://jaeger.example.com/search"]);
});

interface PersesPanel {
  readonly spec: {
    readonly display: { readonly name: string; readonly description: string };
    readonly plugin: { readonly kind: string };
    readonly queries: readonly {
      readonly spec: { readonly plugin: { readonly spec: { readonly query: string; readonly datasource: object } } };
    }[];
  };
}

interface PersesDashboard {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly project: string };
  readonly spec: {
    readonly panels: Readonly<Record<string, PersesPanel>>;
    readonly variables: readonly { readonly spec: { readonly name: string } }[];
    readonly layouts: readonly { readonly spec: { readonly items: readonly { readonly content: { readonly $ref: string } }[] } }[];
  };
}

describe.each(Object.entries(stacks))("Perses' dashboards of the stack %s", (_name, settings) => {
  const files = Object.entries(persesFiles(settings)).map(([file, text]) => [file, parse(text) as PersesDashboard] as const);

  test.each(files)("%s is a dashboard of the stack's project, with all panels of the catalogue", (file, { kind, metadata, spec }) => {
    const { name, sections } = dashboards(settings).find((dashboard) => `${dashboard.name}.yaml` === file)!;
    expect([kind, metadata]).toEqual(["Dashboard", { name, project: "tracing" }]);
    const titles = sections.flatMap(({ panels }) => panels.map(({ title }) => title));
    expect(Object.values(spec.panels).map(({ spec: { display } }) => display.name)).toEqual(expect.arrayContaining(titles));
    expect(Object.keys(spec.panels)).toHaveLength(titles.length);
  });

  test.each(files)("%s places each panel once", (_file, { spec }) => {
    const placed = spec.layouts.flatMap((layout) => layout.spec.items.map(({ content }) => content.$ref));
    expect(placed.toSorted()).toEqual(
      Object.keys(spec.panels)
        .map((key) => `#/spec/panels/${key}`)
        .toSorted(),
    );
    for (const key of Object.keys(spec.panels)) expect(key).toMatch(/^[a-zA-Z0-9_.-]{1,75}$/);
  });

  test.each(files)("%s asks the stack's own data source, by the plugins that the stack's Perses has", (_file, { spec }) => {
    for (const { spec: panel } of Object.values(spec.panels)) {
      expect(["TimeSeriesChart", "StatChart", "Table"]).toContain(panel.plugin.kind);
      for (const query of panel.queries)
        expect(query.spec.plugin.spec.datasource).toEqual({ kind: "PrometheusDatasource", name: "prometheus" });
    }
  });
});

test("both programs are asked the same", () => {
  const grafana = Object.values(grafanaFiles(stacks.prod!)).flatMap((text) =>
    (JSON.parse(text) as Written).panels.flatMap((panel) => (isRow(panel) ? [] : targetsOf(panel).map(({ expr }) => expr))),
  );
  const perses = Object.values(persesFiles(stacks.prod!)).flatMap((text) =>
    Object.values((parse(text) as PersesDashboard).spec.panels).flatMap(({ spec }) =>
      spec.queries.map((query) => query.spec.plugin.spec.query),
    ),
  );
  expect(perses.toSorted()).toEqual(grafana.toSorted());
});

test("a rendered stack has a folder for each program", () => {
  expect(Object.keys(dashboardFiles(settingsWith())).toSorted()).toEqual(
    ["objectives", "pipeline", "sampling", "services", "storage"]
      .flatMap((name) => [`dashboards/grafana/${name}.json`, `dashboards/perses/${name}.yaml`])
      .toSorted(),
  );
});

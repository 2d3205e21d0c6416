/** Dashboards, independent of the program that draws them. grafana.ts and perses.ts write them in the format of each. */

/** Unit of a panel's values. grafana.ts and perses.ts have each program's name for it. */
export type Unit = "spans/s" | "traces/s" | "requests/s" | "bytes/s" | "percent" | "bytes" | "seconds" | "count" | "state";

/**
 * - `time series`: values over time.
 * - `stat`: each query's newest value, large.
 * - `status`: a stat whose values are 1 (healthy) or 0.
 * - `table`: the newest values, a column a query, a row for each value of the label `by`.
 */
export type Look = { readonly kind: "time series" | "stat" | "status" } | { readonly kind: "table"; readonly by: string };

export interface Query {
  /** PromQL. It may name the dashboard's variables as `$name`, in a matcher. */
  readonly expr: string;
  /** The name of its series, with labels as `{{label}}`; in a table the title of its column. */
  readonly legend: string;
  /** Unit of its values, if not the panel's. Only tables have columns of several units. */
  readonly unit?: Unit;
}

export type Panel = Look & {
  /** Unlike any other of the dashboard. */
  readonly title: string;
  /** One sentence: what is normal, and what to do otherwise. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly [Query, ...Query[]];
  /** Threshold of bad values, and on which side of it they are. */
  readonly limit?: { readonly value: number; readonly bad: "above" | "below" };
  /** Takes the full width of the page. */
  readonly wide?: true;
  /** Text if there is no series. Undefined: a healthy stack always has one. */
  readonly empty?: string;
};

export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A choice at the top of a dashboard: several values of a label, all at first. */
export interface Variable {
  /** Queries name it `$name`. */
  readonly name: string;
  readonly title: string;
  /** The label whose values there are to choose from, and a selector of series that have it. */
  readonly label: string;
  readonly of: string;
}

/** Another page about the same. */
export interface Link {
  readonly title: string;
  readonly url: string;
}

export interface Dashboard {
  /** File name and id: lower-case letters and dashes. Never renamed: bookmarks hold it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly variables?: readonly Variable[];
  readonly links?: readonly Link[];
  readonly sections: readonly Section[];
}

/** Columns that a page has. */
const columns = 24;

/** Width in columns and height in rows of a panel, by its kind. */
const size: Readonly<Record<Panel["kind"], { readonly width: number; readonly height: number }>> = {
  "time series": { width: 12, height: 8 },
  stat: { width: 6, height: 4 },
  status: { width: 6, height: 4 },
  table: { width: 24, height: 9 },
};

/** A panel in its place: columns from the left, rows from the top of its section. */
export interface Placed {
  readonly panel: Panel;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The panels of a section from left to right and from top to bottom. A panel lower than those beside it starts no line of its own. */
export function placed({ panels }: Section): Placed[] {
  let [x, y, line] = [0, 0, 0];
  return panels.map((panel) => {
    const { width: usual, height } = size[panel.kind];
    const width = panel.wide ? columns : usual;
    if (x + width > columns) [x, y, line] = [0, y + line, 0];
    const place = { panel, x, y, width, height };
    [x, line] = [x + width, Math.max(line, height)];
    return place;
  });
}

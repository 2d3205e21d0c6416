/** Rung: unit. Index templates and roles: what is searched is indexed, nothing is rejected, and nobody may do more than its work. */
import { indexKinds, indexPattern, indexTemplates } from "../../../configs/elasticsearch/templates";
import { hasOwnUsers, passwordFile, roleName, roles, serviceUsers, userName } from "../../../configs/elasticsearch/users";
import { settingsWith } from "../../support/settings";

type Field = Readonly<{
  type?: string;
  index?: boolean;
  doc_values?: boolean;
  ignore_above?: number;
  enabled?: boolean;
  properties?: Record<string, Field>;
}>;
const templates = (groups: Record<string, unknown> = {}) => indexTemplates(settingsWith(groups));
const fields = (groups: Record<string, unknown> = {}) =>
  (templates(groups).span.template.mappings as { properties: Record<string, Field> }).properties;

/** Every field of a mapping, by its path. */
const leaves = (properties: Record<string, Field>, path = ""): [string, Field][] =>
  Object.entries(properties).flatMap(([name, field]) => [
    [path + name, field] as [string, Field],
    ...leaves(field.properties ?? {}, `${path}${name}.`),
  ]);

describe("tags", () => {
  test("of stack config and common ones are mapped by name", () => {
    const { properties } = fields({ jaeger: { tags: ["correlation_id", "a.b"] } }).tag!;
    expect(Object.keys(properties!)).toEqual(["a@b", "correlation_id", "error", "sampling@policy", "span@kind"]);
  });

  test("of any other key become keywords, as they come", () => {
    const { dynamic_templates: dynamic } = templates().span.template.mappings as { dynamic_templates: Record<string, object>[] };
    expect(dynamic.flatMap((one) => Object.values(one))).toEqual(
      ["tag.*", "process.tag.*", "scopeTag.*"].map((path) => ({ path_match: path, mapping: { type: "keyword", ignore_above: 256 } })),
    );
  });
});

describe("a span's fields", () => {
  test("are indexed, have doc values and are nested as Jaeger's queries need it", () => {
    const of = fields();
    for (const name of ["traceID", "operationName", "startTime", "startTimeMillis", "duration"]) expect(of[name]?.index).toBeUndefined();
    expect(of.process!.properties!.serviceName).toEqual({ type: "keyword", ignore_above: 256 });
    // A trace is paged by start and span id; its root is the span without a parent.
    expect(of.spanID).toMatchObject({ index: false, doc_values: true });
    expect(of.parentSpanID).not.toHaveProperty("index");
    const nested = leaves(of).flatMap(([path, { type }]) => (type === "nested" ? [path] : []));
    expect(nested.sort()).toEqual(["logs", "logs.fields", "process.tags", "scopeTags", "tags"]);
  });

  test("that are keywords leave out terms that Lucene would reject the document for", () => {
    for (const [path, { type, ignore_above: limit }] of leaves(fields()))
      if (type === "keyword") expect([path, limit]).toEqual([path, 256]);
  });
});

describe("the settings", () => {
  const settings = (groups: Record<string, unknown> = {}) => templates(groups).span.template.settings;

  test("keep a span whose keys are too many, and compress well", () => {
    expect(settings()).toMatchObject({
      "index.mapping.total_fields.ignore_dynamic_beyond_limit": true,
      "index.codec": "best_compression",
    });
  });

  test("are plain values: the index cleaner fails on an index with a list in its settings", () => {
    for (const { template } of Object.values(templates()))
      for (const value of Object.values(template.settings)) expect(value).not.toBeInstanceOf(Object);
  });

  test("have a copy where there is a second node for it", () => {
    const copies = (groups: Record<string, unknown>) => settings(groups)["index.number_of_replicas"];
    expect(copies({})).toBe(0);
    expect(copies({ platform: "kubernetes", elasticsearch: { nodes: 3, tls: "cert-manager" } })).toBe(1);
    expect(copies({ platform: "kubernetes", elasticsearch: { external: { url: "https://a:9200", passwordSecret: "a" } } })).toBe(1);
  });
});

const external = { url: "https://a:9200", passwordSecret: "a" };
const stackOf = (elasticsearch: object) => settingsWith({ platform: "kubernetes", elasticsearch });

describe("roles", () => {
  const privileges = (user: (typeof serviceUsers)[number]) => roles(settingsWith())[user].indices.flatMap((one) => one.privileges);

  test("let no user do what another does", () => {
    expect(privileges("writer")).not.toEqual(expect.arrayContaining(["delete", "delete_index", "read", "all", "manage", "write"]));
    expect(privileges("reader").sort()).toEqual(["read", "view_index_metadata"]);
    expect([...new Set(privileges("cleaner"))].sort()).toEqual(["delete_index", "view_index_metadata"]);
    expect(privileges("metrics")).toEqual([]);
    const { snapshots, graph, ...others } = roles(settingsWith());
    expect(graph).toEqual({ cluster: [], indices: [{ names: ["jaeger-dependencies-*"], privileges: ["create_index", "index"] }] });
    expect(snapshots).toEqual({ cluster: ["monitor", "create_snapshot", "cluster:admin/snapshot/delete"], indices: [] });
    for (const { cluster } of Object.values(others)) expect(cluster).toEqual(["monitor"]);
  });

  test("reach the stack's own indices only", () => {
    const names = (elasticsearch: object) => [
      ...new Set(Object.values(roles(stackOf(elasticsearch))).flatMap(({ indices }) => indices.flatMap((one) => one.names))),
    ];
    expect(names({ external, indexPrefix: "blue" }).sort()).toEqual(indexKinds.map((kind) => `blue-jaeger-${kind}-*`).sort());
    expect(names({ external }).sort()).toEqual(indexKinds.map((kind) => `jaeger-${kind}-*`).sort());
    const all = roles(settingsWith()).cleaner.indices.filter((one) => one.names.includes("*"));
    expect(all.map((one) => one.privileges)).toEqual([["view_index_metadata"]]);
  });
});

describe("two stacks with prefixes", () => {
  const one = stackOf({ external, indexPrefix: "blue" });
  const other = stackOf({ external });

  test("share no name: indices, roles, users", () => {
    const names = (settings: typeof one) => [
      ...indexKinds.map((kind) => indexPattern(settings, kind)),
      ...serviceUsers.flatMap((user) => [roleName(settings, user), userName(settings, user)]),
    ];
    expect(names(one).filter((name) => names(other).includes(name))).toEqual([]);
    const matches = (pattern: string, name: string) => new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(name);
    for (const kind of indexKinds) {
      expect(matches(indexPattern(other, kind), `blue-jaeger-${kind}-2026-01-01`)).toBe(false);
      expect(matches(indexPattern(one, kind), `jaeger-${kind}-2026-01-01`)).toBe(false);
    }
  });
});

test("a version of the passwords has users and secrets of its own, and keeps its roles", () => {
  const second = stackOf({ passwordVersion: 2 });
  for (const user of serviceUsers) {
    expect(userName(second, user)).toBe(`${userName(stackOf({}), user)}-2`);
    expect(passwordFile(second, user)).toBe(`${passwordFile(stackOf({}), user)}-2`);
    expect(roleName(second, user)).toBe(roleName(stackOf({}), user));
  }
});

test("where the setup may create no users, all log in as the one that was given", () => {
  const given = stackOf({ external: { ...external, user: "anna", createUsers: false } });
  expect(hasOwnUsers(given)).toBe(false);
  expect(new Set(serviceUsers.map((user) => `${userName(given, user)} ${passwordFile(given, user)}`))).toEqual(
    new Set(["anna elasticsearch-password"]),
  );
});

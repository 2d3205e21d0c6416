/** Rung: unit. Where redaction stands, and the form of its expressions. The binaries' rung shows what they do. */
import * as fc from "fast-check";
import { RE2JS } from "re2js";
import { parse } from "yaml";
import { collectorConfig } from "../../../configs/collector/config";
import { redactionProcessors } from "../../../configs/collector/redaction";
import { masked, maskedKeys, replacements, suspicious } from "../../../configs/collector/secrets";
import { nationalIdentifierKinds } from "../../../configs/stack/redaction";
import { dockerTopology } from "../../../configs/topology/docker";
import { problemsOf, settingsWith } from "../../support/settings";

interface File {
  receivers: Record<string, unknown>;
  processors: Record<string, unknown>;
  service: { pipelines: Record<string, { receivers: string[]; processors: string[]; exporters: string[] }> };
}

const fileWith = (groups: Readonly<Record<string, unknown>> = {}): File =>
  parse(collectorConfig(settingsWith(groups), dockerTopology("dev"))) as File;
const names = Object.keys(redactionProcessors(settingsWith()));
const everythingOff = { headers: false, credentials: false, emails: false, cards: false };

describe("redaction", () => {
  test("stands in the one pipeline of all receivers of spans, old clients' too", () => {
    const { pipelines } = fileWith().service;
    const receiving = Object.values(pipelines).filter(({ receivers }) => receivers.some((name) => name === "jaeger" || name === "otlp"));
    const ofSpans = receiving.filter(({ exporters }) => !exporters.includes("prometheus"));
    expect(ofSpans).toHaveLength(1);
    expect(ofSpans[0]!.receivers).toEqual(["otlp", "jaeger"]);
    expect(ofSpans[0]!.processors).toEqual(expect.arrayContaining(names));
  });

  test("comes before anything is counted, and behind hygiene, which makes text valid and limits it", () => {
    const { processors, exporters } = fileWith().service.pipelines["traces/received"]!;
    expect(exporters).toContain("span_metrics");
    expect(processors.indexOf("filter/surplus_events")).toBe(processors.indexOf(names[0]!) - 1);
    expect(processors.slice(processors.indexOf(names[0]!), -1)).toEqual(names);
  });

  test("is left out as a whole where everything is off, with what hygiene does for it", () => {
    const file = fileWith({ redaction: everythingOff });
    expect(JSON.stringify(file)).not.toMatch(/\uE000|"redaction"|transform\/redact/);
    expect(fileWith().processors).toHaveProperty("redaction");
  });

  test.each([{ nationalIdentifiers: ["us-ssn"] }, { deny: { keys: ["a"] } }, { deny: { patterns: ["a"] } }])(
    "stays for %j alone",
    (one) => {
      expect(fileWith({ redaction: { ...everythingOff, ...one } }).processors).toHaveProperty("redaction");
    },
  );

  test("never takes what stack config denies for a key that may be passed over", () => {
    const { redaction } = redactionProcessors(settingsWith({ redaction: { deny: { keys: ["db.name"] } } })) as {
      redaction: { ignored_keys: string[] };
    };
    expect(redaction.ignored_keys).not.toContain("db.name");
    expect(redaction.ignored_keys).toContain("db.system");
  });
});

const { redaction: byDefault } = settingsWith();
const patterns = [...replacements(byDefault).map(({ pattern }) => pattern), ...masked(byDefault), ...maskedKeys(byDefault)];

describe("default expressions", () => {
  test.each(patterns)("%s begins with a literal or at the beginning of a text, which is what makes it cheap", (pattern) => {
    expect(pattern).toMatch(/^\(*(?:\\x\{E000\}|[A-Za-z0-9_:;&@%^-]|\[[?]\])/);
    expect(pattern).not.toMatch(/^\(*\?|^[^(]*\|/);
  });

  test("are valid RE2, together with all others", () => {
    const { redaction } = settingsWith({
      redaction: { nationalIdentifiers: nationalIdentifierKinds, deny: { keys: ["a.b[c]"], patterns: ["x|y"] } },
    });
    const all = [...patterns, ...replacements(redaction).map(({ pattern }) => pattern), ...maskedKeys(redaction), suspicious(redaction)];
    for (const pattern of all) expect(() => RE2JS.compile(pattern)).not.toThrow();
  });

  test("of keys find a key that stack config denies, and no other, whatever is in it", () => {
    const key = fc.stringMatching(/^[!-~]{1,20}$/);
    fc.assert(
      fc.property(key, key, (denied, other) => {
        const { redaction } = settingsWith({ redaction: { ...everythingOff, deny: { keys: [denied] } } });
        const [pattern] = maskedKeys(redaction);
        expect(RE2JS.compile(pattern!).matcher(denied).find()).toBe(true);
        expect(RE2JS.compile(pattern!).matcher(other).find()).toBe(other === denied);
      }),
    );
  });
});

describe("settings", () => {
  test("are all on by default, but for national identifiers", () => {
    expect(byDefault).toEqual({
      ...{ headers: true, credentials: true, emails: true, cards: true },
      ...{ nationalIdentifiers: [], allow: [], deny: { keys: [], patterns: [] } },
    });
  });

  test("that are wrong are all named at once, with what is allowed", () => {
    const redaction = {
      headers: "yes",
      nationalIdentifiers: ["us-ssn", "mars"],
      allow: ["", "a b"],
      deny: { keys: [7], patterns: ["(", "a*", "(?=a)", "", "x".repeat(501)] },
      emial: true,
    };
    const problems = problemsOf({ redaction });
    expect(problems).toHaveLength(11);
    const problem = (key: string) => problems.find((text) => text.startsWith(`tracing:redaction.${key}:`));
    expect(problem("headers")).toMatch(/found "yes"; allowed: true or false/);
    expect(problem("nationalIdentifiers[1]")).toMatch(/found "mars"; allowed: one of us-ssn, /);
    expect(problem("allow[0]")).toMatch(/printable ASCII/);
    expect(problem("allow[1]")).toMatch(/printable ASCII/);
    expect(problem("deny.keys[0]")).toMatch(/printable ASCII/);
    expect(problem("deny.patterns[0]")).toMatch(/found "\("; allowed: a regular expression in the syntax of Go .*missing closing/);
    expect(problem("deny.patterns[1]")).toMatch(/it matches the empty text, so it would mask everything/);
    expect(problem("deny.patterns[2]")).toMatch(/invalid/);
    expect(problem("deny.patterns[3]")).toMatch(/matches the empty text/);
    expect(problem("deny.patterns[4]")).toMatch(/it has 501/);
  });

  test("of one key that is allowed and denied are refused", () => {
    expect(problemsOf({ redaction: { allow: ["a", "b"], deny: { keys: ["b"] } } })).toEqual([
      'tracing:redaction.allow: found "b"; allowed: keys that redaction.deny.keys does not list',
    ]);
  });

  test("take 20 patterns and 100 keys, and no more", () => {
    const keys = Array.from({ length: 101 }, (_, i) => `key.${i}`);
    const some = Array.from({ length: 21 }, (_, i) => `pattern-${i}`);
    expect(problemsOf({ redaction: { allow: keys.slice(1), deny: { patterns: some.slice(1) } } })).toEqual([]);
    expect(problemsOf({ redaction: { allow: keys, deny: { patterns: some } } })).toEqual([
      expect.stringMatching(/^tracing:redaction\.allow: found .*; allowed: a list of at most 100$/),
      expect.stringMatching(/^tracing:redaction\.deny\.patterns: found .*; allowed: a list of at most 20$/),
    ]);
  });
});

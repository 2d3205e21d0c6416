/** Rung: unit. The judge of a vulnerability scan: a hit, one that is excepted, an expired exception, none; and texts that are not what they should be. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exceptionsOf, findingsOf, judge, type Exception, type Finding } from "../../../cli/supply-chain/findings";
import { projectFolder } from "../../../render/record";

/** A report as Grype writes it, shortened to what is read and some of what is not. */
const reportOf = (...matches: object[]) =>
  JSON.stringify({ matches, source: { type: "sbom" }, descriptor: { name: "grype", version: "0.121.3" } });
const hit = (more: object = {}, vulnerability: object = {}) => ({
  vulnerability: {
    id: "GHSA-aaaa-bbbb-cccc",
    severity: "High",
    fix: { versions: ["1.2.4"], state: "fixed" },
    advisories: [],
    ...vulnerability,
  },
  relatedVulnerabilities: [{ id: "CVE-2026-1", severity: "High" }],
  matchDetails: [],
  artifact: { name: "golang.org/x/net", version: "v1.2.3", type: "go-module", purl: "pkg:golang/golang.org/x/net@v1.2.3" },
  ...more,
});
const finding: Finding = {
  subject: "jaeger",
  ids: ["GHSA-aaaa-bbbb-cccc", "CVE-2026-1"],
  severity: "High",
  component: "golang.org/x/net",
  version: "v1.2.3",
  fixedIn: ["1.2.4"],
};
const exception: Exception = {
  id: "CVE-2026-1",
  component: "golang.org/x/net",
  reason: "The server that has it is not started here.",
  until: "2026-11-30",
};
const none = { open: [], excepted: [], minor: [], unused: [] };

describe("a report", () => {
  test("with a hit", () => {
    expect(findingsOf("jaeger", reportOf(hit()))).toEqual([finding]);
  });

  test("with a hit of which less is known", () => {
    const bare = hit({ relatedVulnerabilities: null }, { fix: null, severity: undefined });
    expect(findingsOf("jaeger", reportOf(bare))).toEqual([{ ...finding, ids: ["GHSA-aaaa-bbbb-cccc"], severity: "Unknown", fixedIn: [] }]);
  });

  test("with none", () => {
    expect(findingsOf("jaeger", reportOf())).toEqual([]);
  });

  test.each([
    ["nothing", "", "not JSON"],
    ["half a report", reportOf(hit()).slice(0, 100), "not JSON"],
    ["another program's", '{"results":[]}', "not a report of Grype"],
    ["a hit without an id", reportOf(hit({}, { id: "" })), "not a report of Grype"],
  ])("that is %s is refused", (_, text, part) => {
    expect(() => findingsOf("jaeger", text)).toThrow(
      `jaeger: ${part.startsWith("not JSON") ? "the scanner's report is " : "this is "}${part}`,
    );
  });
});

describe("a scan", () => {
  test("that finds nothing is good", () => {
    expect(judge([], [], "2026-11-30")).toEqual(none);
  });

  test("fails on a hit, whether there is a fix or not", () => {
    const unfixed = { ...finding, severity: "Critical", fixedIn: [] };
    expect(judge([finding, unfixed], [], "2026-11-30")).toEqual({ ...none, open: [finding, unfixed] });
  });

  test("counts what is less severe", () => {
    const minor = ["Medium", "Low", "Negligible", "Unknown"].map((severity) => ({ ...finding, severity }));
    expect(judge(minor, [], "2026-11-30")).toEqual({ ...none, minor });
  });

  test("accepts an excepted hit through its last day, by any of its ids", () => {
    for (const id of finding.ids) expect(judge([finding], [{ ...exception, id }], "2026-11-30")).toEqual({ ...none, excepted: [finding] });
    expect(judge([finding], [exception], "2026-12-01")).toEqual({ ...none, open: [{ ...finding, expired: exception }] });
  });

  test("leaves a hit in all that hold the component, and in no other component", () => {
    const elsewhere = { ...finding, subject: "prometheus" };
    const other = { ...finding, component: "stdlib" };
    expect(judge([finding, elsewhere, other], [exception], "2026-11-30")).toEqual({
      ...none,
      open: [other],
      excepted: [finding, elsewhere],
    });
  });

  test("tells of an exception that nothing needs, expired or not", () => {
    for (const today of ["2026-11-30", "2027-11-30"]) expect(judge([], [exception], today)).toEqual({ ...none, unused: [exception] });
  });
});

describe("the list of exceptions", () => {
  const entry = `- id: CVE-2026-1
  component: golang.org/x/net
  reason: The server that has it is not started here.
  until: 2026-11-30
`;

  test("in the repository can be read", () => {
    expect(Array.isArray(exceptionsOf(readFileSync(join(projectFolder, ".github", "vulnerability-exceptions.yaml"), "utf8")))).toBe(true);
  });

  test("may be empty, or nothing but comments", () => {
    for (const text of ["", "# none\n", "[]"]) expect(exceptionsOf(text)).toEqual([]);
  });

  test("has a reason and a last day for each", () => {
    expect(exceptionsOf(entry)).toEqual([exception]);
  });

  test.each([
    ["no reason", entry.replace(/ {2}reason.*\n/, ""), "reason"],
    ["hardly a reason", entry.replace(/reason: .*/, "reason: later"), "reason"],
    ["no last day", entry.replace(/ {2}until.*\n/, ""), "until"],
    ["no day of the calendar", entry.replace("2026-11-30", "2026-11-31"), "until"],
    ["for ever", entry.replace("2026-11-30", "never"), "until"],
    ["every component", entry.replace(/ {2}component.*\n/, ""), "component"],
    ["a key that nobody reads", `${entry}  severity: High\n`, "severity"],
    ["the same twice", entry + entry, "twice"],
    ["no list", "id: CVE-2026-1\n", "array"],
  ])("refuses %s", (_, text, part) => {
    expect(() => exceptionsOf(text)).toThrow(part);
  });
});

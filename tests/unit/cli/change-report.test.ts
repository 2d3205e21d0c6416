/** Rung: unit. The comment of a pull request: what it says, and that its quoted text cannot pose as anything else. */
import fc from "fast-check";
import { changeReport, longest, marker, type Preview, type StackChange } from "../../../cli/pulumi/change-report";

const rates = { "POST /api/auth/login": "100 %", "any other": "10 % (with an error 100 %)" };
const change = (more: Partial<StackChange> = {}): StackChange => ({
  stack: "prod",
  rates: { before: rates, after: rates },
  rendered: "",
  ...more,
});
const report = (...changes: StackChange[]) => changeReport(changes, "0123456789abcdef0123456789abcdef01234567");

const urn = (types: string, name: string) => `urn:pulumi:prod::tracing::${types}::${name}`;
const preview: Preview = {
  changeSummary: { same: 40, update: 1, replace: 1, create: 1 },
  steps: [
    { op: "same", urn: urn("pulumi:pulumi:Stack", "tracing-prod") },
    { op: "update", urn: urn("tracing:components:TracingStack$kubernetes:apps/v1:Deployment", "gateway"), diffReasons: ["spec"] },
    { op: "create-replacement", urn: urn("kubernetes:core/v1:ConfigMap", "config") },
    { op: "replace", urn: urn("kubernetes:core/v1:ConfigMap", "config"), replaceReasons: [".data"], diffReasons: ["data"] },
    { op: "delete-replaced", urn: urn("kubernetes:core/v1:ConfigMap", "config") },
    { op: "create", urn: urn("docker:index/container:Container", "app") },
  ],
};

test("a pull request without changes is one table", () => {
  expect(report(change({ preview: { changeSummary: { same: 43 } } }), change({ stack: "staging" }))).toBe(
    `${marker}

### What <code>0123456789ab</code> changes

| stack | resources | sampling | rendered files |
| --- | --- | --- | --- |
| <code>prod</code> | no change | unchanged | unchanged |
| <code>staging</code> | not previewed (no credentials) | unchanged | unchanged |
`,
  );
});

test("resources: how many, and each with its type, its name and what differs", () => {
  const text = report(change({ preview }));
  expect(text).toContain("| 1 <code>update</code>, 1 <code>replace</code>, 1 <code>create</code> |");
  expect(text).toContain("~  apps/v1:Deployment gateway (spec)\n+- core/v1:ConfigMap config (.data)\n+  docker:Container app\n");
  expect(text).not.toContain("tracing-prod");
});

test("a long list of resources is cut and counted", () => {
  const steps = Array.from({ length: 70 }, (_, i) => ({ op: "create", urn: urn("kubernetes:core/v1:Pod", `pod-${i}`) }));
  const text = report(change({ preview: { steps } }));
  expect(text).toContain("pod-59\n… and 10 more\n");
  expect(text).not.toContain("pod-60");
});

test("a preview that fails shows its errors, and no warnings", () => {
  const diagnostics = [
    { severity: "warning", message: "old plugin" },
    { severity: "error", message: "tracing:retention: found 6d\n" },
  ];
  const text = report(change({ preview: { diagnostics } }));
  expect(text).toContain("| **failed**; no change |");
  expect(text).toContain("```\ntracing:retention: found 6d\n```");
  expect(text).not.toContain("old plugin");
});

test("sampling: old and new rates of the requests that change", () => {
  const after = { "POST /api/pay": "100 %", "any other": "25 % (with an error 100 %)", "POST /api/auth/login": "100 %" };
  const text = report(change({ rates: { before: rates, after } }));
  expect(text).toContain("| **changed** |");
  expect(text).toContain(`| request | before | after |
| --- | --- | --- |
| <code>POST /api/pay</code> | by another rule | 100 % |
| <code>any other</code> | 10 % (with an error 100 %) | 25 % (with an error 100 %) |
`);
  expect(text).not.toContain("auth/login");
});

test("sampling: a new order alone is a change", () => {
  const after = Object.fromEntries(Object.entries(rates).reverse());
  expect(report(change({ rates: { before: rates, after } }))).toContain("the same rates in another order");
});

test("sampling: settings that cannot be read are named", () => {
  const text = report(change({ rates: { before: { problem: "tracing:sampling.old: no such setting" }, after: rates } }));
  expect(text).toContain("| not known |");
  expect(text).toContain("the rates cannot be told\n\n```\ntracing:sampling.old: no such setting\n```");
});

const difference = (lines: number) => `--- a/rendered/prod/x.yml\n+++ b/rendered/prod/x.yml\n@@ -1 +1 @@\n${"-old\n+new\n".repeat(lines)}`;

test("rendered files: how many, and their difference", () => {
  const text = report(change({ rendered: difference(1) }));
  expect(text).toContain("| 1 changed |");
  expect(text).toContain("<summary>Rendered files of <code>prod</code></summary>\n\n```diff\n--- a/rendered/prod/x.yml");
});

test("a comment is never longer than GitHub takes, and says what is left out", () => {
  const text = report(change({ rendered: difference(20_000) }), change({ stack: "staging", rendered: difference(20_000) }));
  expect(text.length).toBeLessThanOrEqual(longest);
  expect(text).toContain("More differences than a comment holds");
});

test("a fence is longer than any in what it holds", () => {
  expect(report(change({ rendered: "+++ b/x\n+````\n" }))).toContain("`````diff\n+++ b/x\n+````\n`````");
});

test("no text of a pull request can mention people, close its block or make Markdown", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("@", "`", "<", "|", "*", "[", "\n", "a", "_", "&") }), (text) => {
      const comment = report(change({ stack: text, rates: { before: {}, after: { [text]: "1 %" } } }));
      const quoted = comment.match(/<code>(.*?)<\/code>/gs)?.join("") ?? "";
      expect(quoted.replace(/<\/?code>/g, "")).not.toMatch(/[@`<|*[\n]/);
    }),
  );
});

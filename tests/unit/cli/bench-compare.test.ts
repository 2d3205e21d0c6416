/** Rung: unit. The report of a comparison, from made-up figures; and what is compared, from the stack's own files. */
import { parse } from "yaml";
import { compilerSeconds } from "../../../cli/bench/compare/lab";
import { javaCompilers, type Figures } from "../../../cli/bench/compare/measure";
import { report, type Result } from "../../../cli/bench/compare/report";
import { chart, jaegerAlone, stack } from "../../../cli/bench/compare/subjects";
import { variant, variantNames } from "../../../cli/bench/compare/variants";

const figures = (elasticsearch: number, bytes: number): Figures => ({
  cpu: { elasticsearch, jaeger: 30, "elasticsearch-setup": 1000, [javaCompilers]: 50 },
  idle: { elasticsearch: 90_000 },
  memory: { elasticsearch: 2 ** 29 },
  bytes,
  documents: 1,
  burstRate: undefined,
  burstDrain: undefined,
  burstStored: undefined,
  queries: { 1000: { services: { median: 3, p95: 7, longest: 9 } } },
  sent: 100,
  stored: 100,
});
const result = (subject: string, of: Figures): Result => ({ subject, title: subject.toUpperCase(), profile: "uniform", figures: of });

test("Java's compilers are told from its other threads", () => {
  const line = (id: number, name: string, user: number, system: number) =>
    `${id} (${name}) S 1 1 1 0 -1 4194368 0 0 0 0 ${user} ${system} 0 0 20 0 65 0 5000 1 2`;
  const lines = [
    line(7, "C2 CompilerThre", 1200, 34),
    line(8, "C1 CompilerThre", 250, 16),
    line(9, "elasticsearch[n", 9000, 900),
    line(10, "G1 Main Marker", 70, 7),
    "",
  ];
  expect(compilerSeconds(lines.join("\n"))).toBe(15);
});

describe("the report", () => {
  const files = report([
    result("defaults", figures(60, 700)),
    result("stack", figures(20, 210)),
    result("stack", figures(40, 210)),
    result("stack", figures(30, 210)),
  ]);

  test("has medians of the rounds, and their ratio to Jaeger's defaults", () => {
    expect(files["report.md"]).toContain("| Elasticsearch's processor, µs a span | 60.0 | 30.0 (0.50) |");
    expect(files["report.md"]).toContain("| disk, bytes a stored span | 700 | 210 (0.30) |");
  });

  test("counts what is on a span's way only, and leaves out what was not measured", () => {
    expect(files["report.md"]).toContain("| processor of the whole way, µs a span | 90.0 | 60.0 (0.67) |");
    expect(files["report.md"]).toContain("| burst, spans/s stored | - | - |");
    expect(files["report.md"]).toMatch(/^\| Java's compilers [^|]*\| 50\.0 \| 50\.0 \(1\.00\) \|$/m);
  });

  test("has a plot for each picture that it shows, and the figures themselves", () => {
    const shown = [...(files["report.md"] ?? "").matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, file = ""]) => file);
    expect(shown).toEqual(["uniform-cpu.svg", "uniform-bytes.svg", "uniform-query-services.svg"]);
    for (const file of shown) expect(files[file]).toMatch(/^<svg [^>]*>[^]*<\/svg>\n$/);
    expect(JSON.parse(files["figures.json"] ?? "")).toHaveLength(4);
  });
});

describe("subjects", () => {
  const text = (subject: ReturnType<typeof stack>, name: string, file: string) =>
    Object.entries(subject.specs.find((spec) => spec.name === name)?.files ?? {}).find(([path]) => path.endsWith(`/${file}`))?.[1] ?? "";

  test("have the same Elasticsearch", () => {
    const elasticsearch = [stack("x", "local"), jaegerAlone("local"), chart("local")].map(({ specs }) => specs[0]);
    expect(elasticsearch[0]?.name).toBe("elasticsearch");
    expect(elasticsearch[1]).toEqual(elasticsearch[0]);
    expect(elasticsearch[2]).toEqual(elasticsearch[0]);
  });

  test("that are variants differ from the stack in one file", () => {
    const files = (of: ReturnType<typeof stack>) =>
      of.specs.flatMap(({ name, files: own }) => Object.entries(own).map(([path, content]) => [`${name}:${path}`, content] as const));
    const plain = new Map(files(stack("x", "local")));
    const normal = (content: string) => JSON.stringify(parse(content));
    for (const name of variantNames) {
      const changed = files(stack(name, "local", 100, variant(name))).filter(([path, content]) => content !== plain.get(path));
      // YAML that is written anew may differ in form alone.
      expect([name, changed.filter(([path, content]) => normal(content) !== normal(plain.get(path) ?? "")).length]).toEqual([name, 1]);
    }
  });

  test("keep the share that they are asked for", () => {
    expect(text(stack("x", "local", 10), "otel-collector", "otel-config.yml")).toContain("sampling_percentage: 10");
    expect(text(stack("x", "local"), "otel-collector", "otel-config.yml")).not.toContain("sampling_percentage: 10\n");
  });
});

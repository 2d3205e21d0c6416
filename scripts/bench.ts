/**
 * `make bench`: figures of a running stack, as a table in Markdown. Memory as a share of each limit, at rest and under load; how much a burst
 * takes longer than the same spans at an even rate. It judges nothing: a test that measures time fails on a busy machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publishedUrl } from "../configs/topology";
import { belongings, memoryUse, serviceContainers } from "./lib/docker";
import { readPassword } from "./lib/password";
import { must, run, sleep } from "./lib/run";
import { main, note, Problem, size, step } from "./lib/say";
import { loadSettings, projectFolder } from "./lib/stack";

/** Spans a second, and for how many seconds. */
const load = { rate: 1000, seconds: 60 };

/** Spans of a burst. */
const burst = 100_000;

main(async () => {
  const settings = loadSettings();
  const folder = mkdtempSync(join(tmpdir(), "tracing-bench-"));
  try {
    const containers = serviceContainers((await belongings(settings.stack)).containers);
    if (containers.length === 0) throw new Problem("no stack is running: make up");
    const password = join(folder, "password");
    writeFileSync(password, await readPassword(), { mode: 0o600 });
    const ledger = join(folder, "ledger");
    await must("go", ["build", "-o", ledger, "."], { cwd: join(projectFolder, "tests", "ledger") });
    const send = async (name: string, ...flags: string[]) => {
      const { stdout, output } = await run(ledger, [
        "run",
        ...[
          "--endpoint",
          publishedUrl(settings, "otlp-grpc").replace("http://", ""),
          "--elasticsearch",
          publishedUrl(settings, "elasticsearch"),
        ],
        ...["--password-file", password, "--out", join(folder, name), "--wait", "300s", ...flags],
      ]);
      if (!stdout) throw new Problem(`the ledger gave no verdict:\n${output}`);
      return JSON.parse(stdout) as Record<"acknowledged" | "stored" | "lost" | "duplicated" | "storedSeconds" | "sendSeconds", number>;
    };

    step("At rest");
    await sleep(15_000);
    const rest = await peakMemory(15);

    step(`${load.rate} spans/s for ${load.seconds} s`);
    const [even, busy] = await Promise.all([
      send("even", "--rate", String(load.rate), "--duration", `${load.seconds}s`),
      peakMemory(load.seconds),
    ]);

    step(`A burst of ${burst} spans`);
    const [fast, full] = await Promise.all([send("burst", "--spans", String(burst), "--connections", "8"), peakMemory(30)]);

    const share = (bytes: number | undefined, limit: number) =>
      bytes === undefined ? "-" : `${size(bytes)} (${Math.round((100 * bytes) / limit)} %)`;
    console.log(
      `\n${markdown([
        ["service", "limit", "at rest", `${load.rate} spans/s`, `burst of ${burst}`],
        ...containers.map(([service, { Id, HostConfig }]) => [
          service,
          size(HostConfig.Memory),
          ...[rest, busy, full].map((measured) => share(measured.get(Id), HostConfig.Memory)),
        ]),
      ])}\n`,
    );
    const row = (name: string, v: typeof even) => [
      name,
      ...[v.acknowledged, v.stored, v.lost, v.duplicated].map(String),
      `${v.sendSeconds.toFixed(1)} s`,
      `${v.storedSeconds.toFixed(1)} s`,
    ];
    console.log(
      markdown([
        ["load", "acknowledged", "stored", "lost", "duplicated", "sent in", "stored in"],
        row(`${load.rate} spans/s`, even),
        row(`burst of ${burst}`, fast),
      ]),
    );
    const perSecond = fast.stored / fast.storedSeconds;
    note(`a burst is stored at ${perSecond.toFixed(0)} spans/s, ${(perSecond / load.rate).toFixed(1)} times the even rate`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The most memory that each container took within some seconds, in bytes. */
async function peakMemory(seconds: number): Promise<Map<string, number>> {
  const peak = new Map<string, number>();
  const units: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    for (const [id, used] of await memoryUse()) {
      const [number, unit = "B"] = used.split(" ");
      peak.set(id, Math.max(Number(number) * (units[unit] ?? 1), peak.get(id) ?? 0));
    }
    await sleep(1000);
  }
  return peak;
}

/** A table in Markdown. */
function markdown([head = [], ...body]: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

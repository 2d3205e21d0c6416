/**
 * `make bench`: figures of a running stack, as tables in Markdown. Memory as a share of each limit, at rest and under load; how much a burst
 * takes longer than the same spans at an even rate; the time from an export to Jaeger, and of queries, as a share of the brief's figures;
 * bytes a span. It judges nothing: a test that measures time fails on a busy machine.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { publishedUrl } from "../../configs/topology/docker";
import { buildLedger } from "../bench/ledger";
import { peakMemory } from "../bench/memory";
import { storagePerDay, stored } from "../bench/storage";
import { queryTimes, traceLatency, type Times } from "../bench/times";
import { listStackResources, serviceContainers } from "../engine/docker";
import { withRunningStack, type RunningStack } from "../running";
import { ledgerCredential } from "../running/credential";
import { table } from "../reference/table";
import { run, sleep } from "../machine/run";
import { inTemporaryFolder } from "../machine/temporary-folder";
import { command } from "../terminal/command";
import { heartbeat, note, UserError, size, step } from "../terminal/output";
import { requirePublished } from "../stack/published";
import { loadSettings } from "../stack/stack";

/** Spans a second, and for how many seconds. */
const load = { rate: 1000, seconds: 60 };

/** Spans of a burst. */
const burst = 100_000;

/** The brief's figures, milliseconds. */
const brief = { latency: 100, query: 1000 };

/** Fields of the ledger's result that are shown. */
interface Verdict extends Record<"acknowledged" | "stored" | "lost" | "duplicated" | "storedSeconds" | "sendSeconds", number> {
  readonly service: string;
}

export default command("Measure memory and throughput of the running stack").action(async () => {
  // Not for a stack on a cluster.
  requirePublished(loadSettings(), "jaeger-ui");
  await withRunningStack(bench);
});

async function bench(stack: RunningStack): Promise<void> {
  const { settings } = stack;
  const containers = serviceContainers((await listStackResources(settings.stack)).containers);
  if (containers.length === 0) throw new UserError("no stack is running: make up");
  const password = await stack.password();
  await inTemporaryFolder(async (folder) => {
    const send = await ledger(stack, password, folder);
    step("At rest");
    const rest = await heartbeat(
      "memory at rest",
      sleep(15_000).then(() => peakMemory(15)),
    );

    step("From an export to Jaeger");
    const latency = await heartbeat("one trace at a time", traceLatency(stack, 100));

    step(`${load.rate} spans/s for ${load.seconds} s`);
    const even = send("even", "--rate", String(load.rate), "--duration", `${load.seconds}s`);
    const [evenVerdict, busy] = await heartbeat("load", Promise.all([even, peakMemory(load.seconds)]));

    step(`A burst of ${burst} spans`);
    const fast = send("burst", "--spans", String(burst), "--connections", "8");
    const [fastVerdict, full] = await heartbeat("burst", Promise.all([fast, peakMemory(30)]));

    step("Queries");
    const queries = await heartbeat("queries", queryTimes(stack, fastVerdict.service, 40));
    const disk = await stored(settings, password);

    const share = (bytes: number | undefined, limit: number) =>
      bytes === undefined ? "-" : `${size(bytes)} (${Math.round((100 * bytes) / limit)} %)`;
    show(
      ["service", "limit", "at rest", `${load.rate} spans/s`, `burst of ${burst}`],
      containers.map(([service, { Id, HostConfig }]) => [
        service,
        size(HostConfig.Memory),
        ...[rest, busy, full].map((measured) => share(measured.get(Id), HostConfig.Memory)),
      ]),
    );
    show(
      ["load", "acknowledged", "stored", "lost", "duplicated", "sent in", "stored in"],
      [loadRow(`${load.rate} spans/s`, evenVerdict), loadRow(`burst of ${burst}`, fastVerdict)],
    );
    show(
      ["time", "median", "95 of 100", "longest", "the 95th, of the brief's"],
      [
        timeRow("from an export to Jaeger", latency, brief.latency),
        ...Object.entries(queries).map(([name, found]) => timeRow(`query: ${name}`, found, brief.query)),
      ],
    );
    const perSecond = fastVerdict.stored / fastVerdict.storedSeconds;
    note(`a burst is stored at ${perSecond.toFixed(0)} spans/s, ${(perSecond / load.rate).toFixed(1)} times the even rate`);
    note(storagePerDay(disk));
  });
}

/** The ledger, built in a folder: runs it under a name, with flags. */
async function ledger(stack: RunningStack, secret: string, folder: string) {
  const { settings } = stack;
  const password = join(folder, "password");
  writeFileSync(password, secret, { mode: 0o600 });
  const program = await buildLedger(folder);
  const target = [
    ...["--endpoint", publishedUrl(settings, "otlp-grpc").replace("http://", "")],
    ...["--elasticsearch", publishedUrl(settings, "elasticsearch"), "--password-file", password, "--wait", "300s"],
    ...(await ledgerCredential(stack, folder)),
  ];
  return async (name: string, ...flags: string[]): Promise<Verdict> => {
    const { stdout, output } = await run(program, ["run", ...target, "--out", join(folder, name), ...flags]);
    if (!stdout) throw new UserError(`the ledger printed no result:\n${output}`);
    return JSON.parse(stdout) as Verdict;
  };
}

function loadRow(name: string, { acknowledged, stored, lost, duplicated, sendSeconds, storedSeconds }: Verdict): string[] {
  const counts = [acknowledged, stored, lost, duplicated].map(String);
  return [name, ...counts, `${sendSeconds.toFixed(1)} s`, `${storedSeconds.toFixed(1)} s`];
}

function timeRow(name: string, { median, p95, longest }: Times, limit: number): string[] {
  return [name, ...[median, p95, longest].map((value) => `${value.toFixed(0)} ms`), `${Math.round((100 * p95) / limit)} %`];
}

/** Prints a table in Markdown. */
function show(head: readonly string[], body: readonly (readonly string[])[]): void {
  console.log(`\n${table(head, body)}\n`);
}

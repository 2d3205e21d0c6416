/** `make sampling`: the rates that a stack's config means, what they keep of expected traffic, and what other values would. */
import { compact } from "../../configs/compact";
import { anyOther, capacity, forecast, losses, rateTable, rulesOf, samplingStrategy, samplingTier } from "../../configs/sampling";
import { indexCopies } from "../../configs/elasticsearch/shards";
import { parseSettings } from "../../configs/stack/parse";
import { sizingTexts } from "../../configs/stack/sizing";
import type { Settings } from "../../configs/stack/schema";
import { stackConfig } from "../../render/record";
import { options } from "../terminal/options";
import { command } from "../terminal/command";
import { size, table } from "../terminal/output";
import { anySettings } from "../stack/stack";
import { changed, trafficOf } from "../stack/what-if";

export default command("Show the sampling rates in the stack file, even if not deployed yet, and what they would keep").action(() => {
  const now = anySettings();
  const then = options.set ? parseSettings(now.stack, changed(stackConfig(options.stack), options.set)) : undefined;
  console.log(
    `Stack ${now.stack} (${now.environment}), percent of traces kept; as configured, deployed or not; the first request that a trace matches decides:\n`,
  );
  console.log(rates(now, then));
  for (const [title, settings] of [
    ["", now],
    ["With SET: ", then],
  ] as const) {
    if (settings) console.log(`\n${title}${summary(settings)}`);
  }
  if (!options.set && !options.traffic) {
    console.log(
      '\nWhat if:      make sampling SET="default=20, errors=50, POST /api/auth/login=5, slow.threshold=2s, cap=500, decide=app"',
    );
    console.log('Other traffic: make sampling TRAFFIC="traces=200, spans=12, errors=2, POST /api/auth/login=5"  (shares in percent)');
  }
});

/** The table of rates, with those of the changed model beside them. */
function rates(now: Settings, then?: Settings): string {
  const [old, next] = [rateTable(now.sampling), then && rateTable(then.sampling)];
  if (!next) return table([["REQUEST", "KEPT"], ...Object.entries(old)]);
  const requests = [...new Set([...Object.keys(next), ...Object.keys(old)])];
  const rows = requests.map((request) => [request, old[request] ?? "-", next[request] ?? "-"]);
  return table([["REQUEST", "NOW", "WITH SET", ""], ...rows.map((row) => [...row, row[1] === row[2] ? "" : "changed"])]);
}

/** Sizes for the expected load. */
const sizes = (settings: Settings): string[] =>
  Object.entries(sizingTexts(settings)).map(([what, text]) => `${what.replace(/^./, (first) => first.toUpperCase())}: ${text}.`);

function summary(settings: Settings): string {
  const { sampling } = settings;
  const tier = samplingTier(settings);
  const traffic = trafficOf(options.traffic, sampling);
  const { rows, receivedSpansPerSecond, keptSpansPerSecond, bytesPerDay } = forecast(sampling, traffic);
  const { expected, traces, decisionWait } = capacity(sampling, tier.memory, tier.counted);
  const decided = sampling.decide === "app" ? "by each application" : `by the Collector, ${samplingStrategy(sampling)}`;
  const copies = indexCopies(settings) + 1;
  const number = (value: number) => value.toFixed(value < 10 ? 1 : 0);
  return compact([
    `Decided ${decided}. Expected: ${traffic.tracesPerSecond} traces a second of ${traffic.spansPerTrace} spans, ${traffic.errors} % with an error.`,
    "",
    table([
      ["REQUEST", "SHARE", "KEPT", "WITH AN ERROR", "SPANS/S IN", "SPANS/S KEPT"],
      ...rows.map((row) => [
        row.request,
        `${row.share} %`,
        `${row.rate} %`,
        `${row.errorRate} %`,
        number(row.receivedSpansPerSecond),
        number(row.keptSpansPerSecond),
      ]),
      ["all", "100 %", "", "", number(receivedSpansPerSecond), number(keptSpansPerSecond)],
    ]),
    "",
    ...(options.traffic
      ? [`Storage: ${size((bytesPerDay * copies * sampling.expected.average) / 100)} a day, copies included.`]
      : sizes(settings)),
    sampling.decide !== "app" &&
      `Undecided: up to ${expected} traces for ${decisionWait} s; the ${tier.memory} MiB of a ${tier.group === "sampler" ? `sampler, of which ${tier.counted} of ${tier.instances} are counted on,` : "Collector"} have room for ${traces}.`,
    rulesOf(sampling).length > 0 &&
      rows.length === 1 &&
      rows[0]?.request === anyOther &&
      "No shares of requests were given, so all traffic counts as requests without a rule.",
    ...losses(sampling).map((loss) => `Lost: ${loss}`),
  ]).join("\n");
}

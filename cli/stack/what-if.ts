/** The words of `make sampling`: SET changes the model that is shown, TRAFFIC is what it is shown for. */
import { parseOperation } from "../../configs/sampling/operations";
import { expectedTraffic, type SamplingModel, type Traffic } from "../../configs/sampling";
import { namespace } from "../../configs/stack/schema";
import { UserError } from "../terminal/output";

const key = `${namespace}:sampling`;

/** Settings that SET accepts besides rates of requests. Parsing the settings validates their values. */
const settable = [
  "default",
  "errors",
  "slow.threshold",
  "slow.percent",
  "cap",
  "decide",
  "expected.tracesPerSecond",
  "expected.spansPerTrace",
  "expected.bytesPerSpan",
  "expected.errors",
  "expected.average",
  "expected.longestTrace",
];

/**
 * Stack config with changes to its sampling: `default=20, slow.threshold=2s, POST /api/auth/login=5`. The rate of a request changes its
 * rule, or is a new first rule where none is written the same way.
 */
export function changed(raw: Readonly<Record<string, string>>, words: string | undefined): Record<string, string> {
  const model = JSON.parse(raw[key] || "{}") as Record<string, unknown>;
  const operations = [...((model.operations as { operation: string; percent: unknown }[] | undefined) ?? [])];
  for (const [name, value] of pairs("SET", words)) {
    if (parseOperation(name)) {
      const rule = { operation: name, percent: value };
      const at = operations.findIndex(({ operation }) => parseOperation(operation)?.text === parseOperation(name)?.text);
      if (at < 0) operations.unshift(rule);
      else operations[at] = rule;
    } else if (settable.includes(name)) {
      const [group = "", field] = name.split(".");
      model[group] = field === undefined ? value : { ...(model[group] as object | undefined), [field]: value };
    } else {
      throw new UserError(`SET: found "${name}"; allowed: ${settable.join(", ")}, or a request such as POST /api/auth/login`);
    }
  }
  return { ...raw, [key]: JSON.stringify({ ...model, operations }) };
}

/** Traffic from words such as `traces=200, spans=12, errors=2, bytes=500, POST /api/auth/login=5`. */
export function trafficOf(words: string | undefined, model: SamplingModel): Traffic {
  const { tracesPerSecond, spansPerTrace, errors: failed, bytesPerSpan } = expectedTraffic(model);
  const numbers = { traces: tracesPerSecond, spans: spansPerTrace, errors: failed, bytes: bytesPerSpan };
  const requests: Record<string, number> = {};
  for (const [name, value] of pairs("TRAFFIC", words)) {
    const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : NaN;
    const share = name === "errors" || parseOperation(name) !== undefined;
    if (!(number >= 0) || (share && number > 100)) {
      throw new UserError(`TRAFFIC: found ${name}=${value}; allowed: ${share ? "a percentage from 0 to 100" : "a number from 0 up"}`);
    }
    if (name in numbers) numbers[name as keyof typeof numbers] = number;
    else if (parseOperation(name)) requests[name] = number;
    else
      throw new UserError(`TRAFFIC: found "${name}"; allowed: ${Object.keys(numbers).join(", ")}, or a request with its share in percent`);
  }
  const sum = Object.values(requests).reduce((total, share) => total + share, 0);
  if (sum > 100)
    throw new UserError(`TRAFFIC: found shares of ${sum} % together; allowed: 100 % at most, the rest is requests without a rule`);
  const { traces, spans, errors, bytes } = numbers;
  return { tracesPerSecond: traces, spansPerTrace: spans, errors, bytesPerSpan: bytes, requests };
}

function pairs(variable: string, words = ""): [string, string][] {
  const parts = words.split(",").map((part) => part.trim());
  return parts.filter(Boolean).map((part) => {
    const [, name, value] = /^(.*\S)\s*=\s*(\S+)$/.exec(part) ?? [];
    if (name === undefined || value === undefined) throw new UserError(`${variable}: found "${part}"; allowed: name=value, name=value, …`);
    return [name, value];
  });
}

/** The smoke test: one trace goes in as an application sends it, and must come out of the query API. */
import { randomBytes } from "node:crypto";
import { indexPattern } from "../../configs/elasticsearch/templates";
import { makeCommand } from "../../configs/make-command";
import { instanceCapacity, samplingStrategy } from "../../configs/sampling";
import type { Settings } from "../../configs/stack/schema";
import { answered, holds } from "../machine/retry";
import type { RunningStack } from "../running";
import { heartbeat, UserError, since } from "../terminal/output";

const service = "tracing-smoke";
const spanCount = 3;

/** Longest time, in ms, from a trace's arrival to its being found: a minute, and the decision wait where whole traces are waited for. */
export const longestDelivery = (settings: Settings): number =>
  60_000 + (samplingStrategy(settings.sampling) === "trace-complete" ? instanceCapacity(settings).decisionWait * 1000 : 0);

/** Sends a trace and waits for it; returns what was found, in words. */
export async function smokeTest(stack: RunningStack): Promise<string> {
  const { settings } = stack;
  const id = randomBytes(16).toString("hex");
  const [collector, jaeger] = await Promise.all([stack.reach("otlp-http"), stack.reach("jaeger-ui")]);
  const start = Date.now();
  await heartbeat("sending a trace to the Collector", send(stack, `${collector}/v1/traces`, trace(id, settings)));
  const deadline = start + longestDelivery(settings);
  const { found, where } = await heartbeat("searching for the trace", look(stack, jaeger, id, deadline));
  if (found === spanCount) return `trace ${id}: ${found} spans sent, stored and found${where} in ${since(start)}`;
  const rate = Math.max(settings.sampling.default, settings.sampling.errors);
  if (found === 0 && rate < 100) return `trace ${id} was taken, and not found: at ${rate} % it may have been sampled out`;
  const make = (command: string, ...words: string[]) => makeCommand(settings.stack, command, ...words);
  throw new UserError(
    `trace ${id} was accepted by the Collector, but ${found} of its ${spanCount} spans were found${where} after ${since(start)}.\n` +
      `To find out why: ${make("status")}; ${make("logs", "SERVICE=otel-collector")}; ${make("logs", "SERVICE=jaeger")}`,
  );
}

/** What was found, and where, as the end of a phrase. */
interface Found {
  readonly found: number;
  readonly where: string;
}

/** Looks for the trace in Jaeger; where Jaeger asks for a login (`tracing:jaeger.ingress`), in Elasticsearch. */
async function look(stack: RunningStack, jaeger: string, id: string, deadline: number): Promise<Found> {
  const found = await poll(deadline, () => inJaeger(jaeger, id));
  if (found !== "login") return { found, where: "" };
  const where = " in Elasticsearch (Jaeger asks for a login, tracing:jaeger.ingress, so its answers are not tried)";
  const stored = await poll(deadline, () => inElasticsearch(stack, id));
  return { found: stored === "login" ? 0 : stored, where };
}

/** A request with two spans below it. Where not every trace is kept, it failed: errors are kept first, and no cap cuts them. */
function trace(traceId: string, settings: Settings): object {
  const [root, work, query] = [0, 1, 2].map(() => randomBytes(8).toString("hex"));
  const failed = settings.sampling.default < 100 || settings.sampling.cap !== undefined;
  const now = BigInt(Date.now()) * 1_000_000n;
  const span = (spanId: string | undefined, parentSpanId: string | undefined, name: string, kind: number, milliseconds: bigint) => ({
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    startTimeUnixNano: String(now - milliseconds * 1_000_000n),
    endTimeUnixNano: String(now),
    status: failed ? { code: 2, message: "an error on purpose: errors are kept" } : {},
    attributes: [{ key: "correlation_id", value: { stringValue: traceId } }],
  });
  const [internal, server, client] = [1, 2, 3];
  return {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
        scopeSpans: [
          {
            scope: { name: service },
            spans: [
              span(root, undefined, "GET /smoke", server, 30n),
              span(work, root, "work", internal, 20n),
              span(query, work, "query", client, 10n),
            ],
          },
        ],
      },
    ],
  };
}

async function send(stack: RunningStack, address: string, body: object): Promise<void> {
  let found = "";
  const taken = async () => {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    }).catch((error: unknown) => String((error as Error & { cause?: Error }).cause?.message ?? error));
    if (typeof answer !== "string" && answer.ok) return true;
    found = typeof answer === "string" ? answer : `status ${answer.status}: ${(await answer.text()).slice(0, 200)}`;
    return false;
  };
  if (await holds(taken, { within: 15_000, every: 1000 })) return;
  const status = makeCommand(stack.settings.stack, "status");
  throw new UserError(`the Collector does not accept a trace at ${address}: ${found}\n${status} shows its state`);
}

/** Looks until all spans are there; returns how many were found at last, or at once that a login is asked for. */
async function poll(deadline: number, ask: () => Promise<number | "login">): Promise<number | "login"> {
  let found = 0;
  const all = async () => {
    const now = await ask().catch(() => 0);
    if (now === "login") return now;
    found = now;
    return found < spanCount ? undefined : found;
  };
  return (await answered(all, { within: Math.max(0, deadline - Date.now()), every: 250 })) ?? found;
}

async function inJaeger(jaeger: string, id: string): Promise<number | "login"> {
  const answer = await fetch(`${jaeger}/api/v3/traces/${id}`, { signal: AbortSignal.timeout(10_000) });
  if (answer.status === 401) return "login";
  return answer.ok ? ((await answer.text()).match(/"spanId":/g)?.length ?? 0) : 0;
}

async function inElasticsearch(stack: RunningStack, id: string): Promise<number> {
  const { ok, body } = await stack.elasticsearch(`/${indexPattern(stack.settings, "span")}/_count?q=traceID:${id}`);
  return ok ? (JSON.parse(body) as { count: number }).count : 0;
}

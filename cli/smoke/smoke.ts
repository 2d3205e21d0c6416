/** The smoke test: one trace goes in as an application sends it, and must come out of the query API. */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Tracer } from "@opentelemetry/api";
import { indexPattern } from "../../configs/elasticsearch/templates";
import { makeCommand } from "../../configs/make-command";
import { instanceCapacity, samplingStrategy } from "../../configs/sampling";
import type { Settings } from "../../configs/stack/schema";
import { answered } from "../machine/retry";
import type { RunningStack } from "../running";
import { SpanSender } from "../running/span-sender";
import { heartbeat, UserError, since } from "../terminal/output";

const service = "tracing-smoke";
const spanCount = 3;

/** Longest time, in ms, from a trace's arrival to its being found: a minute, and the decision wait where whole traces are waited for. */
const longestDelivery = (settings: Settings): number =>
  60_000 + (samplingStrategy(settings.sampling) === "trace-complete" ? instanceCapacity(settings).decisionWait * 1000 : 0);

/** Sends a trace and waits for it; returns what was found, in words. */
export async function smokeTest(stack: RunningStack): Promise<string> {
  const { settings } = stack;
  const [sender, jaeger] = await Promise.all([SpanSender.to(stack, service, 15_000), stack.reach("jaeger-ui")]);
  const start = Date.now();
  const id = await heartbeat("sending a trace to the Collector", send(settings, sender));
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

/** Number of spans found, and where, as the end of a phrase. */
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

/**
 * Makes a request with two spans below it; returns the trace id. If not every trace is kept, they failed: errors are kept first, and no cap
 * cuts them.
 */
function makeTrace(tracer: Tracer, settings: Settings): string {
  const failed = settings.sampling.default < 100 || settings.sampling.cap !== undefined;
  const now = Date.now();
  const spans = [
    { name: "GET /smoke", kind: SpanKind.SERVER, milliseconds: 30 },
    { name: "work", kind: SpanKind.INTERNAL, milliseconds: 20 },
    { name: "query", kind: SpanKind.CLIENT, milliseconds: 10 },
  ];
  let context = ROOT_CONTEXT;
  let traceId = "";
  for (const { name, kind, milliseconds } of spans) {
    const span = tracer.startSpan(name, { kind, startTime: new Date(now - milliseconds) }, context);
    ({ traceId } = span.spanContext());
    span.setAttribute("correlation_id", traceId);
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR, message: "an error on purpose: errors are kept" });
    span.end(new Date(now));
    context = trace.setSpan(context, span);
  }
  return traceId;
}

async function send(settings: Settings, sender: SpanSender): Promise<string> {
  try {
    return await sender.send((tracer) => makeTrace(tracer, settings));
  } catch (error) {
    const status = makeCommand(settings.stack, "status");
    throw new UserError(`the Collector does not accept a trace at ${sender.url}: ${(error as Error).message}\n${status} shows its state`);
  }
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

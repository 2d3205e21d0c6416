/** The Collector's sampling processors: what they decide by, and how much and how long they remember. */
import { largestTraceBytes } from "./bytes";
import { capPolicies, instanceCapacity, samplingStrategy, samplingTier, tailPolicies } from "../sampling";
import type { CollectorSettings } from "../stack/schema";

/** Processors by name, in the order in which spans pass them. Nothing that can refuse may come behind the first: that would be a loss. */
export type SamplingProcessors = Readonly<Record<string, Record<string, unknown>>>;

/** Command-line arguments that the processors need: without the gate tail_sampling does not say which policy kept a trace. */
export const samplingArgs = ["--feature-gates=processor.tailsamplingprocessor.recordpolicy"] as const;

/** The span attribute that names the policy that kept the trace. */
export const policyAttribute = "sampling.policy";

/** The decision of the first processor comes as whole traces, once a second; the second needs to wait for nothing more. Seconds. */
export const capWait = 1;

/** The sampling processors of the tier that decides. */
export function samplingProcessors(settings: CollectorSettings): SamplingProcessors {
  const { cap } = settings.sampling;
  // Each instance limits for itself, and trace ids spread evenly over them.
  const share = cap === undefined ? undefined : Math.floor(cap / samplingTier(settings).instances);
  return {
    tail_sampling: tailSampling(settings),
    // The processor says it of the scope, which Jaeger does not store. It stands on the spans that the decision fell on, and on later ones.
    "transform/policy": {
      error_mode: "ignore",
      trace_statements: [
        `set(span.attributes["${policyAttribute}"], scope.attributes["tailsampling.policy"]) where scope.attributes["tailsampling.policy"] != nil`,
      ],
    },
    ...(share === undefined ? {} : { "tail_sampling/cap": processor(settings, "trace-complete", `${capWait}s`, capPolicies(share)) }),
  };
}

/** The processor that decides by rate. */
export function tailSampling(settings: CollectorSettings): Record<string, unknown> {
  const { decisionWait } = instanceCapacity(settings);
  return processor(settings, samplingStrategy(settings.sampling), `${decisionWait}s`, tailPolicies(settings.sampling));
}

function processor(settings: CollectorSettings, strategy: string, wait: string, policies: readonly unknown[]): Record<string, unknown> {
  const { traces, remembered } = instanceCapacity(settings);
  return {
    sampling_strategy: strategy,
    decision_wait: wait,
    num_traces: traces,
    // A load beyond it holds the receivers up, and clients retry; without it undecided traces would be dropped, errors among them.
    block_on_overflow: true,
    // A trace without end would fill the memory, and at the end not fit the queue.
    maximum_trace_size_bytes: largestTraceBytes(settings),
    decision_cache: { sampled_cache_size: remembered, non_sampled_cache_size: remembered },
    policies,
  };
}

/** How the canary's traces are told from all others, and that they are always kept. The only home of the canary's service name. */

/** `service.name` of the canary's spans. No application may have a rule for it. */
export const canaryService = "tracing-canary";

/** Whether a span is the canary's, in the Collector's transformation language. */
export const canaryCondition = `resource.attributes["service.name"] == "${canaryService}"`;

/** The group of settings that says what a request and a span may hold. What lies beyond is refused, dropped or cut where it comes in: docs/LIMITS.md. */
import * as z from "zod";
import { duration, integer, mebibytes } from "./units";

const beyond = "The rest is removed, and the span is marked.";

export const limits = z
  .strictObject({
    request: mebibytes("1Mi", "16Mi")
      .prefault("4Mi")
      .describe(
        "Largest request that the Collector accepts, uncompressed. Larger requests are refused permanently. Needs 32 times as much memory.",
      ),
    attributes: integer(32, 1000, "a number of attributes")
      .prefault(128)
      .describe(`Maximum number of attributes of a span, resource, scope or event. ${beyond}`),
    events: integer(16, 500, "a number of events")
      .prefault(128)
      .describe("Maximum number of events of a span. The last ones are kept, and the span says how many were removed."),
    links: integer(128, 2000, "a number of links")
      .prefault(1000)
      .describe("Maximum number of links of a span. A span with more is dropped, because the Collector cannot cut links."),
    keyBytes: integer(64, 1024, "a number of bytes")
      .prefault(256)
      .describe(
        "Maximum bytes of an attribute's key, and of the name of a service, scope, span or event. Longer keys are removed, longer names cut.",
      ),
    // Lucene's longest term: longer ones need a mapping that leaves them out of the index.
    valueBytes: integer(1024, 1_048_576, "a number of bytes")
      .prefault(32_766)
      .describe("Maximum bytes of the text of a value. Longer text is cut, and the span is marked."),
    clockSkew: duration("1s", "1440m")
      .prefault("60m")
      .describe(
        "How far in the future a span may start, if its host's clock is fast. In the past the limit is `tracing:retention`. Spans outside these limits are dropped.",
      ),
  })
  .prefault({});

/** The group of settings that says what a request and a span may hold. What lies beyond is refused, dropped or cut where it comes in: docs/LIMITS.md. */
import * as z from "zod";
import { duration, integer, mebibytes } from "./units";

const beyond = "The rest is left out, and the span says so.";

export const limits = z
  .strictObject({
    request: mebibytes("1Mi", "16Mi")
      .prefault("4Mi")
      .describe(
        "The largest request that the Collector takes, uncompressed, MiB. A larger one is refused for good. Needs 32 times as much memory.",
      ),
    attributes: integer(32, 1000, "a number of attributes")
      .prefault(128)
      .describe(`Most attributes of a span, a resource, a scope or an event. ${beyond}`),
    events: integer(16, 500, "a number of events")
      .prefault(128)
      .describe("Most events of a span: the last ones. It says how many were left out."),
    links: integer(128, 2000, "a number of links")
      .prefault(1000)
      .describe("Most links of a span. One with more is dropped: the Collector cannot cut them."),
    keyBytes: integer(64, 1024, "a number of bytes")
      .prefault(256)
      .describe("Longest key of an attribute, and longest name of a service, scope, span or event. Longer keys are left out, names cut."),
    // Lucene's longest term: longer ones need a mapping that leaves them out of the index.
    valueBytes: integer(1024, 1_048_576, "a number of bytes")
      .prefault(32_766)
      .describe("Longest text of a value. It is cut there, and the span says so."),
    clockSkew: duration("1s", "1440m")
      .prefault("60m")
      .describe(
        "How far a span's start may lie in the future, by a clock that is fast; in the past it is `tracing:retention`. Others are dropped.",
      ),
  })
  .prefault({});

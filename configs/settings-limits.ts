/** The group of settings that bounds what applications may send. docs/LIMITS.md says what happens beyond each bound. */
import * as z from "zod";
import { mebibytes } from "./units";

export const limits = z
  .strictObject({
    request: mebibytes("1Mi", "64Mi")
      .prefault("4Mi")
      .describe(
        "The largest request that the Collector takes, uncompressed, MiB. A larger one is refused for good. Needs memory: 32 times as much.",
      ),
  })
  .prefault({});

/** The Jaeger that is tried here, which is older than the official image. */
import { images } from "../../../configs/images";

/** `tracing:otherImages` of a stack that runs it. As a local image it would have a trace page, which only that image holds. */
export const olderJaeger = { jaeger: `jaegertracing/jaeger:${images.jaeger.tested}` };

/** Keys that only the newer one knows. */
const newer = /^ +(poison_pill_handling|write_mode): .*\n/gm;

/** A file for the newer one, as the older one can read it. */
export const forOlderJaeger = (text: string): string => text.replaceAll(newer, "");

/** Jaeger's files for the official image, as the older Jaeger that is tried here can read them. */

/** Keys of the newer one alone. */
const newer = /^ +(poison_pill_handling|write_mode): .*\n/gm;

/** The file without what only the newer Jaeger knows. */
export const forOlderJaeger = (text: string): string => text.replaceAll(newer, "");

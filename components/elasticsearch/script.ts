/** Bash scripts of the stack's own that run in Elasticsearch's image: it is pulled anyway, and has a bash and curl. */
import { paths } from "../../configs/topology/ports";

/** Path of such a script in its container. */
export const scriptPath = (file: string): string => `${paths.config}/${file}`;

/**
 * What their workloads have in common. They listen on nothing, and end at once when they are told to.
 *
 * @param file Name of the script.
 */
export const elasticsearchScript = (file: string) =>
  ({
    image: "elasticsearch",
    command: ["/bin/bash", scriptPath(file)],
    stopGrace: 5,
  }) as const;

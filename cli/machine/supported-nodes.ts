import { engines } from "../../package.json";

/** The versions of Node.js that package.json supports, such as ["22", "24"]. */
export const supportedNodes: readonly string[] = engines.node.match(/\d+/g) ?? [];

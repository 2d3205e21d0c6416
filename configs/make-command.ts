/** Commands of `make` in texts for people: alerts, dashboards, and what the commands print. */
import { compact } from "./compact";

/** A command of `make` for a stack, such as `make logs ENV=prod SERVICE=jaeger`; dev needs no ENV. */
export const makeCommand = (stack: string, command: string, ...words: readonly string[]): string =>
  compact(["make", command, stack !== "dev" && `ENV=${stack}`, ...words]).join(" ");

/**
 * Adds the stack to the commands of a text, so that they can be pasted: texts of alerts and dashboards are written with commands for dev, such as
 * "`make logs SERVICE=jaeger`".
 */
export const withStack = (stack: string, text: string): string =>
  text.replace(/`make ([a-z-]+)/g, (_, command: string) => `\`${makeCommand(stack, command)}`);

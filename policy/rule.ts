/** What rules are: pure functions to what is wrong. */
import type { Settings } from "../configs/stack/schema";
import type { Declared } from "./declared";

/** A rule that each resource meets by itself; the engine judges it before the resource is made. */
export interface ResourceRule {
  readonly name: string;
  readonly description: string;
  /** What is wrong, one sentence each. */
  readonly check: (resource: Declared) => readonly string[];
}

/** A rule that only all resources together can meet. */
export interface StackRule {
  readonly name: string;
  readonly description: string;
  /** What is wrong, one sentence each. */
  readonly check: (settings: Settings, resources: readonly Declared[]) => readonly string[];
}

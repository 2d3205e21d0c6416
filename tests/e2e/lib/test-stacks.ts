/** The stacks that tests bring up. Each has a name and ports of its own, so that they stand beside the stacks that people use. */

/** A stack of the tests. */
export interface TestStack {
  readonly name: string;
  /** Its `tracing:publish.offset`. */
  readonly offset: number;
}

/** What the names of all test stacks begin with: what carries such a name may be removed. */
export const testStackPrefix = "e2e";

/** All test stacks, by what they are for. */
export const testStacks = {
  /** One stack for all tests that take a stack as they find it; tests/run.ts brings it up and removes it. */
  shared: { name: testStackPrefix, offset: 6000 },
  /** Brought up, taken down and destroyed again and again. */
  lifecycle: { name: `${testStackPrefix}-lifecycle`, offset: 7000 },
  /** Run by compose files. */
  overlay: { name: `${testStackPrefix}-overlay`, offset: 8000 },
  /** For the commands of documents. */
  documents: { name: `${testStackPrefix}-docs`, offset: 9000 },
  /** Asks senders for tokens. */
  senders: { name: `${testStackPrefix}-senders`, offset: 3500 },
  /** Broken in every way. */
  chaos: { name: `${testStackPrefix}-chaos`, offset: 4000 },
  /** Attacked by its clients. */
  attacks: { name: `${testStackPrefix}-attacks`, offset: 3000 },
  /** Never comes up. */
  refused: { name: `${testStackPrefix}-refused`, offset: 5000 },
} as const satisfies Record<string, TestStack>;

/** The variable with the state folder of the stack that several test files share. */
const homeVariable = "TRACING_E2E_HOME";

/** The state folder of the shared stack; undefined where nobody has brought one up. */
export const testHome = (): string | undefined => process.env[homeVariable] || undefined;

/** The environment of test files that share a stack whose state is in `home`. */
export const sharing = (home: string): Record<string, string> => ({ [homeVariable]: home });

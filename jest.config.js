/** Test projects, one a suite of tests/run.ts: pure functions, the program under Pulumi's mocks, real binaries, running stacks. */

/** Packages without CommonJS. */
const esModules = "node_modules/(nano-spawn|p-retry|oidc-provider)/";

const project = (displayName, more = {}) => ({
  displayName,
  rootDir: __dirname,
  testMatch: [`<rootDir>/tests/${displayName}/**/*.test.ts`],
  testEnvironment: "node",
  // Types are checked by `npm run types`.
  // Examples name the package as its users do.
  moduleNameMapper: { "^tracing$": "<rootDir>/components/index.ts" },
  transform: {
    "\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json" }],
    [`${esModules}.*\\.js$`]: "<rootDir>/tests/support/es-modules.js",
  },
  transformIgnorePatterns: [`/(?!${esModules})node_modules/`],
  ...more,
});

/** Half an hour of load, so a rung of its own. */
const clusterLoad = "no-loss.test.ts";

/** Minutes of load and of certificates that are renewed, so a rung of its own. */
const slowBinaries = "(api-tls|ingest-tls-load|scrape-tls).test.ts";

/** The suites with real systems, and their folders in tests/e2e. */
const endToEnd = { faults: "faults", lifecycle: "lifecycle", e2e: "running", "e2e-slow": "slow" };

/** @type {import("jest").Config} */
module.exports = {
  projects: [
    project("unit"),
    // The SDK keeps its state in a global, which it goes on reading when a test file is done.
    project("component", { testEnvironmentOptions: { globalsCleanup: "off" } }),
    project("oracle"),
    project("binaries", { testPathIgnorePatterns: ["/node_modules/", slowBinaries] }),
    project("binaries-slow", { testMatch: [`<rootDir>/tests/binaries/${slowBinaries}`] }),
    project("rules"),
    project("schemas"),
    project("cluster", { testPathIgnorePatterns: ["/node_modules/", clusterLoad] }),
    project("cluster-load", { testMatch: [`<rootDir>/tests/cluster/**/${clusterLoad}`] }),
    project("page"),
    project("sbom"),
    ...Object.entries(endToEnd).map(([name, folder]) => project(name, { testMatch: [`<rootDir>/tests/e2e/${folder}/**/*.test.ts`] })),
  ],
  // A project's own limit has no effect: files whose tests take longer call jest.setTimeout.
  testTimeout: 60_000,
  testSequencer: "<rootDir>/tests/support/by-name.js",
  // Files that share one stack, or one cluster, wait for each other.
  maxWorkers: process.argv.some((word) => ["faults", "e2e", "e2e-slow", "cluster", "cluster-load"].includes(word)) ? 1 : 2,
  passWithNoTests: false,
  reporters: ["default", "<rootDir>/tests/nothing-ran.js"],
};

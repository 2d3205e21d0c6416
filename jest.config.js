/** Test projects, one a rung: pure functions, the program under Pulumi's mocks, real binaries on rendered files, alerts, the running stack. */

const project = (displayName, more = {}) => ({
  displayName,
  rootDir: __dirname,
  testMatch: [`<rootDir>/tests/${displayName}/**/*.test.ts`],
  testEnvironment: "node",
  // Types are checked by `npm run types`.
  transform: { "\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json" }] },
  ...more,
});

/** @type {import("jest").Config} */
module.exports = {
  projects: [
    project("unit"),
    // The SDK keeps its state in a global, which it goes on reading when a test file is done.
    project("component", { testTimeout: 60_000, testEnvironmentOptions: { globalsCleanup: "off" } }),
    project("binaries", { testTimeout: 60_000 }),
    project("rules"),
    project("e2e", { testTimeout: 15 * 60_000 }),
  ],
  // The end-to-end tests share one stack.
  maxWorkers: process.argv.includes("e2e") ? 1 : 2,
  passWithNoTests: false,
  reporters: ["default", "<rootDir>/tests/nothing-ran.js"],
};

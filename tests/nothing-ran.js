/** Fails a run in which no test was run: a name filter (`-t`) that matches nothing is a mistake, not a success. */
module.exports = class NothingRan {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results;
    this.ran = numPassedTests + numFailedTests + numRuntimeErrorTestSuites > 0;
  }

  getLastError() {
    return this.ran ? undefined : new Error("no test was run: does the filter match anything?");
  }
};

/** Runs test files in the order of their paths, so that files which share a running stack meet it in a known state. */
const { default: Sequencer } = require("@jest/test-sequencer");

module.exports = class ByName extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => (a.path < b.path ? -1 : 1));
  }
};

/**
 * Packages that are ECMAScript modules only, bundled as CommonJS with all that they import. Node.js can require() such packages, but jest
 * loads modules itself and needs Node.js 24.9 for that; see decision 0034.
 */
const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { buildSync } = require("esbuild");

const lock = readFileSync(join(__dirname, "..", "..", "package-lock.json"));

module.exports = {
  process: (_, file) => {
    const { outputFiles } = buildSync({
      entryPoints: [file],
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      write: false,
    });
    return { code: outputFiles[0].text };
  },
  // What is bundled changes with any package.
  getCacheKey: (_, file) => createHash("sha256").update(file).update(lock).update(process.version).digest("hex"),
};

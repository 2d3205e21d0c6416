/**
 * Whether this Node.js will do: package.json says which versions are supported. Run by make before there are any node modules, so plain JavaScript
 * for old versions too.
 */
const { engines } = require("../package.json");

/** The oldest version that works, if unsupported. */
const oldest = 20;

/** The versions that `engines` names, such as [22, 24]. */
const supported = engines.node.match(/\d+/g).map(Number);

/** What to say of a version, and whether it will do. */
function judge(version) {
  const major = Number(/\d+/.exec(version)[0]);
  if (supported.includes(major) || major > supported[supported.length - 1]) return { ok: true, text: "" };
  if (major >= oldest)
    return { ok: true, text: `note: Node.js ${version} works, but is not supported; supported: ${supported.join(", ")}` };
  return { ok: false, text: `error: found Node.js ${version}; needed: ${supported.join(" or ")}, https://nodejs.org` };
}

module.exports = { judge, supported };

if (require.main === module) {
  const { ok, text } = judge(process.versions.node);
  if (text) console.error(text);
  process.exitCode = ok ? 0 : 1;
}

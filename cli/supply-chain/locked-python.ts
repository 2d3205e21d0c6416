/** The lock files of the Django package: which of their packages belong to the package itself. */

/** uv's name for the package that the lock file belongs to. */
const root = "thebot-tracing (pyproject.toml)";

/**
 * What a lock file of uv holds for the package's own sake, with all extras, such as `["requests==2.31.0"]`: what only tests and tools need is left out. uv
 * writes under each package which others asked for it.
 */
export function requirementsOfPackage(lock: string): string[] {
  const entries = [...lock.matchAll(/^([a-z0-9][a-z0-9._-]*)==(\S+).*\n((?:[ ].*\n)*)/gim)].map(
    ([, name = "", version = "", rest = ""]) => ({
      name: name.toLowerCase(),
      version,
      askedBy: new Set([...rest.matchAll(/^ +# +(?:via +)?(?!via$)(\S.*)$/gm)].map(([, by = ""]) => by)),
    }),
  );
  const own = new Set([root]);
  for (let before = 0; before < own.size;) {
    before = own.size;
    for (const { name, askedBy } of entries) if ([...askedBy].some((by) => own.has(by))) own.add(name);
  }
  return entries.filter(({ name }) => own.has(name)).map(({ name, version }) => `${name}==${version}`);
}

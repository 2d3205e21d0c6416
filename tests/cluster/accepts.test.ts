/** Rung: cluster. A real API server accepts every object of staging and prod, with Pod Security `restricted` enforced. */
import { customResources } from "../support/kubernetes-modules";
import { templateOf, type Manifest } from "../support/manifest-world";
import { apply, kubectl, TestStack, tryKubectl, withObject } from "./support/cluster";

jest.setTimeout(10 * 60_000);

beforeAll(async () => {
  const known = await kubectl("get", "customresourcedefinitions", "-o", "name");
  for (const definition of await customResources()) {
    if (!known.includes(`/${definition.metadata.name}`)) await apply(definition);
  }
}, 300_000);

/** Server-side apply with strict validation, without storing anything; what the server warns of counts too. */
const complaints = (object: object): Promise<string> =>
  withObject(object, async (file) => {
    const { ok, output } = await tryKubectl("apply", "--server-side", "--validate=strict", "--dry-run=server", "-f", file);
    return ok && !/warning/i.test(output) ? "" : output.trim();
  });

describe.each([
  ["staging", {}],
  ["prod", {}],
  ["prod", { prometheus: { mode: "operator" } }],
] as const)("%s %j", (stack, settings) => {
  const own = new TestStack(stack, `accepts-${stack}`);
  let manifests: Manifest[];

  beforeAll(async () => {
    manifests = await own.render({ images: "official", ...settings });
    await own.prepare();
  }, 120_000);
  afterAll(() => own.delete(), 300_000);

  test("every object is accepted, without a warning", async () => {
    const list = { apiVersion: "v1", kind: "List", items: manifests };
    expect(await complaints(list)).toBe("");
  });

  test("every pod is accepted: restricted judges pods only when they are made", async () => {
    const made = manifests.flatMap((manifest) => {
      const template = templateOf(manifest);
      return template ? [podOf(manifest, template)] : [];
    });
    expect(made.length).toBeGreaterThan(4);
    expect(await complaints({ apiVersion: "v1", kind: "List", items: made })).toBe("");
  });

  const podOf = (manifest: Manifest, template: NonNullable<ReturnType<typeof templateOf>>) => {
    // The claims of a StatefulSet become volumes of its pods.
    const claims = (manifest.spec?.volumeClaimTemplates ?? []) as readonly { metadata: { name: string } }[];
    const { volumes = [] } = template.spec as { volumes?: object[] };
    const claimed = claims.map(({ metadata: { name } }) => ({ name, persistentVolumeClaim: { claimName: name } }));
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...template.metadata, name: `try-${manifest.metadata.name}`, namespace: own.namespace },
      // A service account is looked up before anything is stored.
      spec: { ...template.spec, serviceAccountName: "default", volumes: [...volumes, ...claimed] },
    };
  };

  test("a pod that asks for privileges is refused, and a field that does not exist", async () => {
    const deployment = manifests.find(({ kind }) => kind === "Deployment")!;
    const good = podOf(deployment, templateOf(deployment)!);
    const container = { ...good.spec.containers[0], securityContext: { privileged: true } };
    expect(await complaints({ ...good, spec: { ...good.spec, containers: [container] } })).toMatch(/violates PodSecurity "restricted/);
    expect(await complaints({ ...good, spec: { ...good.spec, hostNetworks: true } })).toMatch(
      /spec.hostNetworks: field not declared in schema/,
    );
  });
});

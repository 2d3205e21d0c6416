/**
 * Rung: component. A stack that an earlier version of the program has made is not made anew by this one: every resource is known again, and
 * nothing that cannot be changed in place is changed.
 *
 * What is recorded lies in recorded/<stack>.json. `npm run record` writes it anew: after a resource was added, or where a replacement is meant.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { identities, replacements, type Identity } from "./support/identity";
import { runProgram, type Run } from "./support/program";

const stacks = ["dev", "staging", "prod"] as const;
const fileOf = (stack: string) => join(__dirname, "recorded", `${stack}.json`);
const recordedOf = (stack: string) => JSON.parse(readFileSync(fileOf(stack), "utf8")) as Identity[];
/** One line each, so that a difference names what it is about. */
const text = (all: readonly Identity[]) => `[\n${all.map((one) => JSON.stringify(one)).join(",\n")}\n]\n`;
const advice =
  "Keep the name, or give the resource an alias. Is it meant, with what goes with it? `npm run record`, and say so in docs/UPGRADING.md.";

const runs = new Map<string, Run>();
const runOf = (stack: string) => runs.get(stack)!;
beforeAll(async () => {
  for (const stack of stacks) {
    runs.set(stack, await runProgram(stack));
    if (process.env.RECORD) writeFileSync(fileOf(stack), text(identities(runOf(stack).resources)));
  }
});

describe.each(stacks)("%s", (stack) => {
  test("of the version before is updated, and nothing of it is replaced", () => {
    const found = replacements(recordedOf(stack), runOf(stack).resources);
    if (found.length > 0) throw new Error(`${found.join("\n")}\n${advice}`);
  });

  test("has no unrecorded resource: its removal would go unnoticed", () => {
    const recorded = new Set(recordedOf(stack).map(({ urn }) => urn));
    const missing = identities(runOf(stack).resources).filter(({ urn }) => !recorded.has(urn));
    if (missing.length > 0)
      throw new Error(`${missing.map(({ urn }) => urn).join("\n")}\nNew resources are recorded by \`npm run record\`.`);
  });
});

/** Resources that an edit of staging would replace. */
const found = async (config: Record<string, unknown>) =>
  replacements(recordedOf("staging"), (await runProgram("staging", config)).resources);

test.each<[string, Record<string, unknown>]>([
  [
    "storage",
    {
      elasticsearch: { memory: "2Gi", storage: "30Gi", snapshots: { store: "volume", storage: "30Gi" } },
      prometheus: { storage: "8Gi" },
      collector: { replicas: 2, queue: "977Mi" },
    },
  ],
  ["TLS between the tiers, which begins", { kubernetes: { volumes: "delete", tls: { mode: "both" } } }],
  ["the class of the volumes", { kubernetes: { volumes: "delete", storageClass: "fast" } }],
])("an edit of %s makes nothing anew", async (_, config) => {
  expect(await found(config)).toEqual([]);
});

test("more Elasticsearch nodes replace the snapshots' claim only, because several pods cannot share it", async () => {
  const snapshots = { store: "volume", storage: "30Gi", storageClass: "shared" };
  const several = { memory: "2Gi", storage: "20Gi", nodes: 3, tls: "cert-manager", snapshots };
  expect(await found({ elasticsearch: several })).toEqual([
    expect.stringMatching(/PersistentVolumeClaim::tracing-elasticsearch-snapshots: metadata.name was "elasticsearch-snapshots" and is/),
  ]);
});

test.each(["off", "accept", "on"])(
  "prod's certificates and servers stay what they are when TLS between the tiers goes to %s",
  async (mode) => {
    const config = { kubernetes: { volumes: "keep", nodes: "required", tls: { mode } } };
    const certificates = ["alertmanager", "jaeger", "jaeger-collector", "otel-collector", "otel-sampler", "prometheus"];
    const gone = [
      ...certificates.map((service) => `certificates-${service}-tier-tls`),
      // The proxies that speak TLS for them.
      ...["alertmanager", "prometheus"].map((service) => `${service}-tls-proxy-config`),
    ].map((name) => expect.stringMatching(new RegExp(`::tracing-(kubernetes-)?${name} is gone`)) as string);
    const sentences = replacements(recordedOf("prod"), (await runProgram("prod", config)).resources);
    expect(sentences).toHaveLength(mode === "off" ? gone.length : 0);
    expect(sentences).toEqual(expect.arrayContaining(mode === "off" ? gone : []));
  },
);

describe("a replacement is found:", () => {
  test("another namespace, for every object in it", async () => {
    const sentences = await found({ kubernetes: { volumes: "delete", namespace: "other" } });
    expect(sentences).toContainEqual(
      expect.stringMatching(/StatefulSet::tracing-elasticsearch: metadata.namespace was "tracing" and is "other", which cannot/),
    );
  });

  test("a service that is gone", async () => {
    const sentences = await found({ sampler: { replicas: 0 }, collector: { replicas: 1 } });
    expect(sentences).toContainEqual(
      expect.stringMatching(/StatefulSet::tracing-otel-sampler is gone, and no resource has it as an alias/),
    );
  });

  const token = "tracing:components:Part";
  class Part extends pulumi.ComponentResource {
    constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
      super(token, name, {}, opts);
      new pulumi.ComponentResource("tracing:components:Child", `${name}-child`, {}, { parent: this });
      this.registerOutputs({});
    }
  }
  const renamed = async (opts?: pulumi.ComponentResourceOptions) => {
    const [before, after] = [await runProgram("dev", {}, { program: () => new Part("old") }), await program(opts)];
    return replacements(identities(before.resources), after.resources);
  };
  const program = (opts?: pulumi.ComponentResourceOptions) => runProgram("dev", {}, { program: () => new Part("new", opts) });

  test("a new name, of a component and of what is in it", async () => {
    expect(await renamed()).toEqual([
      `${token}$tracing:components:Child::old-child is gone, and no resource has it as an alias`,
      `${token}::old is gone, and no resource has it as an alias`,
    ]);
  });

  test("but not a new name with an alias", async () => {
    expect(await renamed({ aliases: [{ name: "old" }] })).toEqual([]);
    expect(await renamed({ aliases: [`urn:pulumi:dev::tracing::${token}::old`] })).toEqual([]);
  });
});

/** Rung: unit. Recorded resources as manifests: written in full, or refused; and no secret in any of them. */
import { parseAllDocuments } from "yaml";
import { manifests } from "../../../render/manifests";
import { secretMarker, type Recorded } from "../../../render/record";
import { resource } from "../support/recorded";

const platform: Recorded = { ...resource("tracing:platform:Kubernetes", { name: "tracing-kubernetes" }), urn: "urn:platform" };
const component: Recorded = { ...resource("tracing:components:Jaeger", { name: "tracing-jaeger" }), urn: "urn:jaeger" };

const labels = { "app.kubernetes.io/name": "jaeger" };
const object = (type: string, members: Record<string, unknown> = {}, parent = component): Recorded => ({
  ...resource(`kubernetes:${type}`, {}),
  name: "tracing-jaeger-x",
  parent: parent.urn,
  inputs: { apiVersion: "v1", kind: type.split(":")[1], metadata: { name: "x", namespace: "tracing", labels }, ...members },
});
const secret = (value: string) => object("core/v1:Secret", { type: "Opaque", stringData: { password: value } }, platform);
const rendered = (...resources: Recorded[]) => manifests([platform, component, ...resources]);
const documents = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as Record<string, unknown>);

test("a resource is its manifest, in the file of the service that it is for", () => {
  const files = rendered(object("core/v1:ConfigMap", { data: { "a.yml": "x: 1\n" } }), object("core/v1:Namespace", {}, platform));
  expect(Object.keys(files)).toEqual(["namespace.yaml", "jaeger.yaml", "kustomization.yaml"]);
  expect(documents(files["jaeger.yaml"]!)).toEqual([
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace: "tracing", labels }, data: { "a.yml": "x: 1\n" } },
  ]);
});

test("the kustomization lists every file, the namespace first", () => {
  const files = rendered(object("core/v1:ConfigMap"), object("core/v1:Namespace", {}, platform));
  expect(documents(files["kustomization.yaml"]!)).toEqual([expect.objectContaining({ resources: ["namespace.yaml", "jaeger.yaml"] })]);
});

test("annotations that speak to Pulumi are left out, others stay", () => {
  const annotations = { "pulumi.com/skipAwait": "true", "example.com/a": "b" };
  const files = rendered(object("core/v1:Service", { metadata: { name: "x", labels, annotations } }));
  expect(documents(files["jaeger.yaml"]!)).toEqual([
    expect.objectContaining({ metadata: { name: "x", labels, annotations: { "example.com/a": "b" } } }),
  ]);
});

test("a generated secret becomes a line of a script, and is in no manifest", () => {
  const files = rendered(secret(secretMarker(32)), object("core/v1:ConfigMap"));
  expect(files["create-secrets.sh"]).toContain("\nsecret tracing x password 32\n");
  expect(Object.entries(files).filter(([name, text]) => name.endsWith(".yaml") && /kind: Secret|generated secret/.test(text))).toEqual([]);
});

describe("what is not known", () => {
  test.each<[string, Recorded, string]>([
    ["a type", object("apps/v1:DaemonSet"), "no translation for a resource of type kubernetes:apps/v1:DaemonSet"],
    ["a member", object("core/v1:ConfigMap", { binaryData: {} }), "no translation for binaryData of tracing-jaeger-x"],
    ["a resource of no component", { ...object("core/v1:ConfigMap"), parent: "" }, "tracing-jaeger-x is no part of a component"],
    [
      "a secret in what is no Secret",
      { ...object("core/v1:ConfigMap"), secretInputs: ["data"] },
      "holds a secret in data, and is no Secret",
    ],
    ["a Secret with a value of its own", secret("hunter2"), "x: password is no generated secret"],
    ["an image of Docker", resource("docker:index/remoteImage:RemoteImage", { name: "x" }), "no translation for a resource of type docker"],
  ])("%s is an error", (_what, bad, message) => {
    expect(() => rendered(bad)).toThrow(message);
  });
});

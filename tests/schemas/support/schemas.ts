/** Schemas as kubeconform reads them, one a kind, from what Kubernetes and its extensions publish: pure functions. */
import type { CustomResource, Schema } from "../../support/kubernetes-modules";

/** Text of each schema file, by its name. Unknown fields are errors. */
export function schemaFiles(definitions: Readonly<Record<string, Schema>>, custom: readonly CustomResource[]): Record<string, string> {
  const strictDefinitions = Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, strict(adapt(name, schema))]));
  const files: Record<string, string> = {};
  for (const [name, schema] of Object.entries(definitions)) {
    for (const { group, version, kind } of (schema["x-kubernetes-group-version-kind"] ?? []) as Record<string, string>[]) {
      if (kind === undefined || version === undefined) continue;
      files[fileName(kind, group ?? "", version)] = JSON.stringify({
        $ref: `#/definitions/${name}`,
        definitions: reachable(name, strictDefinitions),
      });
    }
  }
  for (const { spec } of custom) {
    for (const { name, schema } of spec.versions) {
      const root = {
        ...schema.openAPIV3Schema,
        properties: { ...(schema.openAPIV3Schema.properties as object), metadata: { type: "object" } },
      };
      files[fileName(spec.names.kind, spec.group, name)] = JSON.stringify(strict(root));
    }
  }
  return files;
}

/** The name that kubeconform asks for by `{{.ResourceKind}}{{.KindSuffix}}`: the first part of the group only. */
const fileName = (kind: string, group: string, version: string): string =>
  `${[kind.toLowerCase(), group.split(".")[0], version].filter(Boolean).join("-")}.json`;

/** What the document says in words only: a quantity may be written as a number, and a port as a name or a number. */
function adapt(name: string, schema: Schema): Schema {
  return name.endsWith(".api.resource.Quantity") || name.endsWith(".util.intstr.IntOrString") ? { type: ["string", "number"] } : schema;
}

/** Objects of known properties take no others, and a field that may be a number or a text says so. */
function strict(schema: Schema): Schema {
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (key === "properties" || key === "definitions") {
        return [key, Object.fromEntries(Object.entries(value as object).map(([name, property]) => [name, strict(property as Schema)]))];
      }
      return [key, ["items", "additionalProperties"].includes(key) && typeof value === "object" ? strict(value as Schema) : value];
    }),
  );
  if (inner["x-kubernetes-int-or-string"] === true) return { type: ["string", "number"] };
  const open =
    inner.properties === undefined || inner.additionalProperties !== undefined || inner["x-kubernetes-preserve-unknown-fields"] === true;
  return open ? inner : { ...inner, additionalProperties: false };
}

/** A definition with all that it refers to. */
function reachable(name: string, definitions: Readonly<Record<string, Schema>>): Record<string, Schema> {
  const found: Record<string, Schema> = {};
  const visit = (wanted: string) => {
    const schema = definitions[wanted];
    if (schema === undefined || wanted in found) return;
    found[wanted] = schema;
    for (const [, next] of JSON.stringify(schema).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)) visit(next ?? "");
  };
  visit(name);
  return found;
}

/** JSON schema of a stack's file, for editors: names are completed, texts explained and mistakes shown while somebody types. */
import * as z from "zod";
import { alertSecretsKey } from "../../configs/alertmanager/delivery";
import { ingestTokensKey } from "../../configs/ingest/senders";
import { loginSecretKey } from "../../configs/login/secrets";
import { namespace, schema } from "../../configs/stack/schema";
import { bare, type EditorSchema } from "../../configs/stack/units";

/** Its file, beside those that it is about. */
export const editorSchemaFile = "stack.schema.json";

interface Meta {
  readonly description?: string;
  readonly allowed?: string;
  readonly editor?: EditorSchema;
}

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The settings as JSON schema: the types of what may be written, and descriptions. */
export const settingsSchema = (): JsonSchema => z.toJSONSchema(schema, { io: "input", unrepresentable: "any", override: describe });

/** Keys that are no settings: `pulumi config set --secret` writes them. */
const secrets = {
  [alertSecretsKey]: { type: "object", description: "Secrets of the receivers of alerts, by their names (Docker)." },
  [ingestTokensKey]: { type: "object", description: "Tokens of the senders in tracing:ingest, by their names (Docker)." },
  // Encrypted, it is an object.
  [loginSecretKey]: { description: "The client's secret for tracing:login (Docker)." },
};

/** Text of stack.schema.json. It refuses nothing that a preview accepts; what depends on other values, only a preview knows. */
export function editorSchema(): string {
  const { properties = {}, required = [] } = settingsSchema();
  const full = (name: string) => `${namespace}:${name}`;
  return `${JSON.stringify(
    {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "A stack of this project: Pulumi.<stack>.yaml",
      type: "object",
      properties: {
        config: {
          type: "object",
          properties: {
            ...Object.fromEntries(Object.entries(properties).map(([name, value]) => [full(name), value])),
            ...Object.fromEntries(Object.entries(secrets).map(([name, value]) => [full(name), value])),
          },
          required: required.map(full),
          // Other namespaces are other programs'.
          propertyNames: {
            if: { pattern: `^${namespace}:` },
            then: { enum: [...Object.keys(properties), ...Object.keys(secrets)].map(full) },
          },
        },
      },
      required: ["config"],
    },
    null,
    2,
  )}\n`;
}

/** What stands in a setting's description and, for a leaf, what may be written there; of a group, what it must hold. */
function describe({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: JsonSchema }): void {
  const { allowed, editor } = meta(bare(zodSchema));
  const { description } = meta(zodSchema);
  // Names of ours, which are none of JSON schema.
  delete jsonSchema.allowed;
  delete jsonSchema.editor;
  Object.assign(jsonSchema, editor);
  const sentences = [description, allowed && `Allowed: ${allowed}.`].filter(Boolean);
  if (sentences.length > 0) jsonSchema.description = sentences.join(" ");
  if (zodSchema instanceof z.ZodObject) {
    const needed = Object.entries(zodSchema.shape as Record<string, z.ZodType>).filter(([, field]) => bare(field) === field);
    if (needed.length > 0) jsonSchema.required = needed.map(([name]) => name);
  }
}

const meta = (type: z.core.$ZodType): Meta => z.globalRegistry.get(type) ?? {};

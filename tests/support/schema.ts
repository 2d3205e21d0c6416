/** The schema of stack config, taken apart. */
import * as z from "zod";
import { schema } from "../../configs/stack/schema";

/** A setting that holds a value. */
export interface Leaf {
  /** Its key below the namespace; `[0]` stands for any element of a list. */
  readonly path: string;
  /** The second half of its error message. */
  readonly allowed: string;
  /** Whether it must be given. */
  readonly required: boolean;
}

/** A group of settings, with the names that it knows. */
export interface Group {
  readonly path: string;
  readonly names: readonly string[];
}

/** All settings and all groups. */
export function takeApart(): { leaves: Leaf[]; groups: Group[] } {
  const leaves: Leaf[] = [];
  const groups: Group[] = [];
  const visit = (field: z.ZodType, path: string) => {
    const { type, optional } = bare(field);
    if (type instanceof z.ZodObject) {
      const shape = type.shape as Record<string, z.ZodType>;
      groups.push({ path, names: Object.keys(shape) });
      // Of fields that share a schema, one speaks for all.
      const each = Object.entries(shape).filter(([, inner], at, all) => all.findIndex(([, other]) => other === inner) === at);
      for (const [name, inner] of each) visit(inner, path === "" ? name : `${path}.${name}`);
    } else if (type instanceof z.ZodArray) visit(type.element as z.ZodType, `${path}[0]`);
    else leaves.push({ path, allowed: (type.meta() as { allowed: string }).allowed, required: !optional && !path.endsWith("]") });
  };
  visit(schema, "");
  return { leaves, groups };
}

function bare(field: z.ZodType): { type: z.ZodType; optional: boolean } {
  let [type, optional] = [field, false];
  while (type instanceof z.ZodPrefault || type instanceof z.ZodOptional || type instanceof z.ZodDefault) {
    [type, optional] = [type.unwrap() as z.ZodType, true];
  }
  return { type, optional };
}

/** Resources as rules see them: plain values, where a preview does not know all of them. */

/** A resource that the program declares. */
export interface Declared {
  /** Pulumi's token of the type, such as `kubernetes:apps/v1:Deployment`. */
  readonly type: string;
  /** Pulumi name. */
  readonly name: string;
  /** Inputs. */
  readonly props: Readonly<Record<string, unknown>>;
}

/** Stands for what only a provider can tell, in a preview. It counts as given: the update judges it once more. */
export const unknown = Symbol("known after the update");

/** A copy in which {@link unknown} stands where reading fails, as it does in a preview for each value that is not known yet. */
export function plain(value: unknown): unknown {
  // By its length: to walk over the list would read its items.
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => read(value, index));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, read(value, key)]));
}

function read(holder: object, key: string | number): unknown {
  let value: unknown;
  try {
    value = (holder as Record<string | number, unknown>)[key];
  } catch {
    return unknown;
  }
  return plain(value);
}

/** The value at a path; undefined where there is none, {@link unknown} where a part of the path is not known. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (here === unknown) return unknown;
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}

/** A list at a path; empty where there is none or it is not known. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** Whether a value is given: known or not. */
export const given = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

/** Name of a Kubernetes object, or else the Pulumi name. */
export const nameOf = ({ name, props }: Declared): string => {
  const found = at(props, "metadata", "name");
  return typeof found === "string" ? found : name;
};

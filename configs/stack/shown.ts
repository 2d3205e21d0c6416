/** A value as messages about stack config show it: JSON, cut where it is long. */
export const shown = (value: unknown): string => {
  const json = JSON.stringify(value);
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
};

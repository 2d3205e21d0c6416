/** A value as messages about stack config show it: JSON, cut if it is long, without the credentials of an address. */
export const shown = (value: unknown): string => {
  const json = JSON.stringify(value).replaceAll(/:\/\/[^/@"]*@/g, "://…@");
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
};

/** Quantities of the Kubernetes API. */

const units: Readonly<Record<string, number>> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Bytes of a quantity such as `512Mi`, `1e9` or `128974848000m`; undefined where it is none. */
export function quantity(text: string | undefined): number | undefined {
  const [, number, exponent = "", unit = ""] = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:([eE][+-]?[0-9]+)|([A-Za-z]*))$/.exec(text ?? "") ?? [];
  const factor = units[unit];
  return number === undefined || factor === undefined ? undefined : Number(number + exponent) * factor;
}

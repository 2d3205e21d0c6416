/** Rung: rules. Prometheus' own rule engine over made-up series: the alert on the service graph fires, stays silent, and recovers. */
import { eachCase, type Case } from "./support/promtool";
import { absent, flat, gone, rise, serviceGraph, then } from "./support/series";

const old = ["ServiceGraphOld"];

const cases: Record<string, readonly Case[]> = {
  ServiceGraphOld: [
    [
      "fires an hour and a quarter after the last update, and recovers with the next",
      140,
      { [serviceGraph]: then(rise(20, 0, 15), flat(100, 20 * 60), rise(20, 120 * 60, 15)) },
      { 94: [], 97: old, 119: old, 121: [] },
    ],
    ["fires where the script reports no more", 180, { [serviceGraph]: then(rise(20, 0, 15), gone(160)) }, { 94: [], 97: old, 180: old }],
    ["fires where it never reported", 40, { [serviceGraph]: absent(40) }, { 14: [], 16: old }],
    [
      "is silent through an outage of an hour",
      120,
      { [serviceGraph]: then(rise(20, 0, 15), flat(60, 20 * 60), rise(40, 80 * 60, 15)) },
      { 79: [], 120: [] },
    ],
  ],
};

eachCase(cases);

/** Rung: rules. Prometheus' own rule engine over made-up series: the alerts on the setup of Elasticsearch fire, stay silent, and recover. */
import { eachCase, type Case } from "./support/promtool";
import { absent, flat, gone, rise, setup, then } from "./support/series";

const failing = ["ElasticsearchSetupFailing"];
const repaired = ["ElasticsearchSetupRepaired"];

const cases: Record<string, readonly Case[]> = {
  ElasticsearchSetupFailing: [
    [
      "fires half an hour after everything was last in place, and recovers with the first good look",
      90,
      { [setup("lastSuccess")]: then(rise(20, 0, 15), flat(50, 20 * 60), rise(20, 70 * 60, 15)) },
      { 49: [], 52: failing, 69: failing, 71: [] },
    ],
    [
      "fires where the setup reports no more",
      70,
      { [setup("lastSuccess")]: then(rise(20, 0, 15), gone(50)) },
      { 49: [], 52: failing, 70: failing },
    ],
    ["fires where it never reported", 40, { [setup("lastSuccess")]: absent(40) }, { 14: [], 16: failing }],
    [
      "is silent through an outage of a quarter of an hour",
      60,
      { [setup("lastSuccess")]: then(rise(20, 0, 15), flat(15, 20 * 60), rise(25, 35 * 60, 15)) },
      { 34: [], 60: [] },
    ],
  ],
  ElasticsearchSetupRepaired: [
    [
      "fires for a quarter of an hour after something was put right",
      60,
      { [setup("lastRepair")]: then(absent(20), flat(40, 20 * 60)) },
      { 19: [], 21: repaired, 34: repaired, 36: [] },
    ],
  ],
};

eachCase(cases);

/** Rung: rules. Prometheus' own rule engine over made-up series: the alert on certificates fires, stays silent, and recovers. */
import { rulesFile } from "../../configs/prometheus/rules";
import { certificateGauge } from "../../configs/elasticsearch/certificates";
import { gaugeMetric } from "../../configs/reported-gauges";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { eachCase, firing, holds, type Case } from "./support/promtool";
import { absent, flat, gone, healthy, then } from "./support/series";

const settings = settingsWith({
  platform: "kubernetes",
  environment: "staging",
  images: "local",
  // It has a watchdog otherwise, which always fires.
  alerts: { delivery: "off" },
  kubernetes: { tls: { mode: "on" } },
  ingest: { mode: "off" },
});

const expiring = ["CertificateExpiring"];
const day = 86_400;

/** When a certificate ends, as one of several gateways shows it. */
const end = (certificate: string, instance = "a:8890") =>
  `${gaugeMetric(certificateGauge)}{job="index-cleaner", instance="${instance}", certificate="${certificate}"}`;
const sampler = end("otel-sampler-tier-tls/tls.crt");
const jaeger = end("jaeger-tier-tls/tls.crt");

const cases: Record<string, readonly Case[]> = {
  CertificateExpiring: [
    [
      "fires an hour after a certificate has less than three weeks left, and recovers with its renewal",
      180,
      { [sampler]: then(flat(120, 21 * day + 10 * 60), flat(60, 90 * day)), [jaeger]: flat(180, 89 * day) },
      { 60: [], 69: [], 72: expiring, 119: expiring, 122: [] },
    ],
    [
      "is silent while cert-manager has time to renew",
      180,
      { [sampler]: flat(180, 25 * day), [jaeger]: flat(180, 89 * day) },
      { 90: [], 179: [] },
    ],
    [
      "is silent where one gateway still shows the certificate before",
      180,
      {
        [sampler]: flat(180, 90 * day),
        [end("otel-sampler-tier-tls/tls.crt", "b:8890")]: then(flat(15, 10 * day), gone(165)),
      },
      { 30: [], 179: [] },
    ],
    ["fires where none is reported", 180, { [sampler]: absent(180) }, { 59: [], 62: expiring }],
  ],
};

eachCase(cases, settings);

const folder = temporaryFolder();

test.each([
  ["in the last week", 6 * day],
  ["when it has ended", -day],
])("is critical %s, and says which certificate it is", async (_when, ends) => {
  const series = { ...healthy(180), [sampler]: flat(180, ends), [jaeger]: flat(180, 20 * day) };
  const label = (certificate: string, severity: string) =>
    `{alertname="CertificateExpiring", alertstate="firing", certificate="${certificate}", severity="${severity}"}`;
  const critical = {
    expr: 'count by (alertname, alertstate, certificate, severity) (ALERTS{alertname="CertificateExpiring", severity="critical"})',
    eval_time: "2h",
    exp_samples: [{ labels: label("otel-sampler-tier-tls/tls.crt", "critical"), value: 1 }],
  };
  const count = { ...firing(120, expiring), exp_samples: [{ labels: '{alertname="CertificateExpiring"}', value: 3 }] };
  await holds(folder(), series, [critical, count], [], settings);
});

test("there is none where the stack has no certificate", () => {
  expect(rulesFile(settings)).toContain("CertificateExpiring");
  expect(rulesFile(settingsWith({ platform: "kubernetes", environment: "staging" }))).not.toContain("CertificateExpiring");
  expect(rulesFile(settingsWith())).not.toContain("CertificateExpiring");
});

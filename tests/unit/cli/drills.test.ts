/** Rung: unit. The drills against the rules: each alert is provoked, or it is said why not. */
import { parse } from "yaml";
import { rulesFile } from "../../../configs/prometheus/rules";
import { drills, notProvoked, possible } from "../../../cli/drill/drills";
import { settingsWith } from "../../support/settings";

const settings = settingsWith({
  elasticsearch: { snapshots: { store: "volume" } },
  ingest: { mode: "require", senders: [{ name: "shop" }] },
  login: {
    issuer: "https://id.example.com",
    clientId: "tracing",
    url: "https://tracing.example.com",
    roles: { traces: { everyone: true } },
  },
});
const rules = (parse(rulesFile(settings)) as { groups: { rules: { alert?: string }[] }[] }).groups.flatMap((group) => group.rules);
const alerts = rules.flatMap(({ alert }) => alert ?? []);

test("each alert has a drill, or a reason why it has none", () => {
  const provoked = drills.flatMap((drill) => drill.alerts);
  // One for each severity may have the name.
  expect([...provoked, ...Object.keys(notProvoked)].sort()).toEqual([...new Set(alerts)].sort());
});

test("on Kubernetes the drills that take a container engine are left out, by name", () => {
  const { can, cannot } = possible("kubernetes", drills);
  expect(cannot.flatMap(({ alerts }) => alerts).sort()).toEqual(
    [
      "ElasticsearchDown",
      "ElasticsearchSnapshotFailed",
      "HighTraceLatency",
      "IndexCleanerFailed",
      "IndexCleanerOverdue",
      "JaegerElasticsearchConnectionFailed",
      "JaegerHighQueueDepth",
    ].sort(),
  );
  expect(cannot.every(({ dockerOnly }) => dockerOnly.length > 0)).toBe(true);
  expect([...can, ...cannot]).toHaveLength(drills.length);
  expect(possible("docker", drills)).toEqual({ can: drills, cannot: [] });
});

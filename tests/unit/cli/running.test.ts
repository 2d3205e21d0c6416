/** Rung: unit. What the commands take for granted of a stack, against its workloads. */
import { endpoints } from "../../../cli/running/endpoints";
import { replicasOf, servicesOf } from "../../../cli/running/services";
import { allPorts, withFront } from "../../../components/platform/workload";
import { workloadsOf } from "../../../components/workloads";
import { publishedPortNames } from "../../../configs/topology/ports";
import { settingsWith } from "../../support/settings";
import { clusterSettings } from "./support/cluster-objects";

const external = { url: "https://es.example.com:9200", passwordSecret: "es" };

const login = {
  issuer: "https://id.example.com",
  clientId: "tracing",
  url: "https://tracing.example.com",
  roles: { traces: { everyone: true } },
};
const stacks = {
  dev: settingsWith(),
  "dev with snapshots": settingsWith({ elasticsearch: { snapshots: { store: "volume" } } }),
  "dev that delivers alerts": settingsWith({ alerts: { delivery: "own" } }),
  "dev that asks senders for tokens": settingsWith({ ingest: { mode: "require", senders: [{ name: "shop" }] } }),
  "dev with a login": settingsWith({ login }),
  "a cluster with a login": clusterSettings({ login: { ...login, clientSecret: "client", replicas: 2 } }),
  "two tiers": clusterSettings(),
  "one tier": clusterSettings({ collector: { replicas: 1 }, sampler: { replicas: 0 }, jaeger: {} }),
  "an operator's Prometheus": clusterSettings({ prometheus: { mode: "operator" } }),
  "dashboards shown by Perses": clusterSettings({ dashboards: { perses: true } }),
  "another Elasticsearch": clusterSettings({ elasticsearch: { external } }),
};

test.each(Object.entries(stacks))("the services of %s are its workloads, in one order", (_name, settings) => {
  // What stands in front of a workload is a container on Docker, and a part of its pods on Kubernetes.
  const workloads = workloadsOf(settings).flatMap((one) => (settings.platform === "docker" ? withFront(one) : [one]));
  expect(servicesOf(settings)).toEqual(workloads.map(({ name }) => name));
  for (const { name, scale } of workloads) expect([name, replicasOf(settings, name)]).toEqual([name, scale.replicas]);
});

test.each([stacks.dev, stacks["dashboards shown by Perses"], stacks["a cluster with a login"]])(
  "each published port leads to the service that has it",
  (settings) => {
    const published = workloadsOf(settings).flatMap((workload) =>
      allPorts(workload).flatMap(({ port, publish }) => (publish ? [[publish, { service: workload.name, port }] as const] : [])),
    );
    for (const [port] of published) expect(published).toContainEqual([port, endpoints[port]]);
    // Dev alone has no Alertmanager, and most stacks have no login. With one, screens are not published.
    const missing = publishedPortNames.filter((port) => !published.some(([name]) => name === port));
    expect(missing).toEqual(
      settings === stacks.dev
        ? ["alertmanager", "login"]
        : settings.login
          ? ["jaeger-ui", "prometheus", "alertmanager", "perses"]
          : ["login"],
    );
  },
);

/** Rung: unit. Settings about alerts: who delivers them by default, what is refused, and what a preview warns of. */
import { deliveryOf, deliverySecretProblems, deliveryText, deliveryWarnings } from "../../../configs/alertmanager/delivery";
import { alertSecretsFrom, optionsFrom, SettingsError } from "../../../configs/stack/parse";
import { problemsOf, settingsWith } from "../../support/settings";

const kubernetes = { platform: "kubernetes", environment: "staging" };
const hook = { name: "oncall", kind: "webhook" };
const mail = { name: "team", kind: "email", to: "team@example.com", from: "tracing@example.com", smarthost: "smtp.example.com:587" };

describe("delivery is by default", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["off in development", {}, "off"],
    ["the stack's own elsewhere", { environment: "staging" }, "own"],
    ["the stack's own in production", { environment: "production" }, "own"],
    ["the cluster's with an operator", { ...kubernetes, prometheus: { mode: "operator" } }, "cluster"],
    ["the cluster's with an operator, in development too", { platform: "kubernetes", prometheus: { mode: "operator" } }, "cluster"],
  ])("%s", (_what, groups, delivery) => {
    expect(deliveryOf(settingsWith(groups))).toBe(delivery);
  });

  test("replaced by what stack config says", () => {
    expect(deliveryOf(settingsWith({ alerts: { delivery: "own" } }))).toBe("own");
    expect(deliveryOf(settingsWith({ environment: "production", alerts: { delivery: "off" } }))).toBe("off");
  });
});

describe("is refused:", () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      "an Alertmanager beside the operator's",
      { ...kubernetes, prometheus: { mode: "operator" }, alerts: { delivery: "own", receivers: [mail] } },
      'delivery: found "own"; allowed: cluster or off, as prometheus.mode is operator',
    ],
    [
      "the cluster's Alertmanager without an operator",
      { ...kubernetes, alerts: { delivery: "cluster" } },
      'delivery: found "cluster"; allowed: own or off, as prometheus.mode is own',
    ],
    [
      "receivers that nobody would serve, by default",
      { alerts: { receivers: [hook, mail] } },
      'receivers: found "oncall, team"; allowed: nothing unless alerts.delivery is own, and by default it is off here',
    ],
    [
      "receivers that nobody would serve, by choice",
      { alerts: { delivery: "off", receivers: [hook] } },
      'receivers: found "oncall"; allowed: nothing unless alerts.delivery is own',
    ],
    [
      "an Alertmanager that tells nobody, where it was asked for",
      { environment: "staging", alerts: { delivery: "own" } },
      "receivers: missing; allowed: at least one that gets alerts, as alerts.delivery is own: they would reach nobody",
    ],
    [
      "one that tells a dead man's switch alone",
      { environment: "staging", alerts: { delivery: "own", receivers: [{ ...hook, severity: "watchdog" }] } },
      "receivers: missing; allowed: at least one that gets alerts, as alerts.delivery is own: they would reach nobody",
    ],
    [
      "two receivers of one name",
      { environment: "staging", alerts: { receivers: [hook, { ...mail, name: "oncall" }] } },
      'receivers[1].name: found "oncall"; allowed: each name once',
    ],
    [
      "a dead man's switch by mail",
      { environment: "staging", alerts: { receivers: [hook, { ...mail, severity: "watchdog" }] } },
      'receivers[1].severity: found "watchdog"; allowed: critical, warning or all for the kind email',
    ],
    [
      "mail without a server",
      { environment: "staging", alerts: { receivers: [{ ...mail, smarthost: undefined }] } },
      "receivers[0].smarthost: missing; allowed: a value, as kind is email",
    ],
    [
      "a channel of a webhook",
      { environment: "staging", alerts: { receivers: [{ ...hook, channel: "#alerts" }] } },
      'receivers[0].channel: found "#alerts"; allowed: nothing for the kind webhook',
    ],
    [
      "a Secret on Docker",
      { environment: "staging", alerts: { receivers: [hook], receiversSecret: "receivers" } },
      'receiversSecret: found "receivers"; allowed: nothing on docker: see tracing:alertSecrets',
    ],
    [
      "receivers without a Secret on Kubernetes",
      { ...kubernetes, alerts: { receivers: [hook] } },
      "receiversSecret: missing; allowed: the name of a Secret with a key for each receiver",
    ],
    [
      "a Secret that nobody needs",
      { ...kubernetes, alerts: { receivers: [mail], receiversSecret: "receivers" } },
      'receiversSecret: found "receivers"; allowed: nothing, as no receiver has a secret',
    ],
    [
      "a webhook's address in plain text",
      { environment: "staging", alerts: { receivers: [{ ...hook, url: "https://hooks.example.com/a" }] } },
      "receivers[0].url: no such setting; allowed here: name, kind, severity, port, channel, to, from, smarthost, user",
    ],
  ])("%s", (_what, groups, problem) => {
    expect(problemsOf(groups)).toEqual([`tracing:alerts.${problem}`]);
  });

  test("not a development stack that only shows its alerts", () => {
    expect(problemsOf({ alerts: { delivery: "own" } })).toEqual([]);
  });
});

describe("secrets of receivers", () => {
  const address = "https://hooks.example.com/abc";
  const settings = settingsWith({ environment: "staging", alerts: { receivers: [hook, mail] } });

  test("are no settings, and no problem of theirs shows one", () => {
    const raw = { "tracing:alertSecrets": JSON.stringify({ oncall: address }) };
    expect(optionsFrom(raw)).toEqual({});
    expect(alertSecretsFrom("s", raw)).toEqual({ oncall: address });
    expect(alertSecretsFrom("s", {})).toEqual({});
    for (const wrong of [address, JSON.stringify([address]), JSON.stringify({ oncall: [address] }), JSON.stringify({ oncall: "" })]) {
      const read = () => alertSecretsFrom("s", { "tracing:alertSecrets": wrong });
      expect(read).toThrow(SettingsError);
      expect(read).toThrow(/^(?!.*hooks).*tracing:alertSecrets: found something else; allowed: texts by the names of receivers/s);
    }
  });

  test("are asked for by name, on Docker for each receiver that has one", () => {
    expect(deliverySecretProblems(settings, ["oncall"])).toEqual([]);
    expect(deliverySecretProblems(settings, [])).toEqual([
      "tracing:alertSecrets.oncall: missing; allowed: the receiver's secret: pulumi config set --secret --path tracing:alertSecrets.oncall",
    ]);
    expect(deliverySecretProblems(settings, ["oncall", "team", "other"])).toEqual(
      ["team", "other"].map((name) => `tracing:alertSecrets.${name}: found a secret; allowed: one for a receiver that has a secret`),
    );
    expect(deliverySecretProblems(settingsWith(), ["oncall"])).toHaveLength(1);
  });

  test("are not stack config on Kubernetes", () => {
    const groups = { ...kubernetes, alerts: { receivers: [hook], receiversSecret: "receivers" } };
    expect(deliverySecretProblems(settingsWith(groups), [])).toEqual([]);
    expect(deliverySecretProblems(settingsWith(groups), ["oncall"])).toEqual([
      "tracing:alertSecrets.oncall: found a secret; allowed: nothing on kubernetes, where tracing:alerts.receiversSecret has them",
    ]);
  });
});

describe("a preview warns", () => {
  const staging = (alerts: object) => deliveryWarnings(settingsWith({ environment: "staging", alerts }));
  const runbooks = "https://git.example.com/alerts.md";

  test("where alerts reach nobody by default", () => {
    expect(staging({})).toEqual([expect.stringMatching(/^tracing:alerts\.receivers: there are none, so nobody receives alerts/)]);
    expect(staging({ receivers: [{ ...hook, severity: "watchdog" }] })).toHaveLength(1);
  });

  test("where nobody gets critical ones, and where runbooks have no address", () => {
    expect(staging({ receivers: [{ ...hook, severity: "warning" }], runbooks })).toEqual([
      "tracing:alerts.receivers: none gets critical alerts",
    ]);
    expect(staging({ receivers: [hook] })).toEqual([expect.stringMatching(/^tracing:alerts\.runbooks: not set/)]);
    expect(staging({ receivers: [hook], runbooks })).toEqual([]);
  });

  test("of nothing in development, with another delivery, or where that is meant", () => {
    expect(deliveryWarnings(settingsWith({ alerts: { delivery: "own" } }))).toEqual([]);
    expect(staging({ delivery: "off" })).toEqual([]);
    expect(deliveryWarnings(settingsWith({ ...kubernetes, prometheus: { mode: "operator" } }))).toEqual([]);
  });
});

test("an output says who is told", () => {
  const own = (receivers: object[]) => deliveryText(settingsWith({ environment: "staging", alerts: { receivers } }));
  expect(own([hook, { ...mail, severity: "critical" }])).toBe("by the stack's Alertmanager to oncall (all), team (critical)");
  expect(own([])).toBe("by the stack's Alertmanager to nobody");
  expect(deliveryText(settingsWith())).toBe("nowhere: they are only on Prometheus' page");
});

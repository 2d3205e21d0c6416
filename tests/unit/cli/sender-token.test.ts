/** Rung: unit. Which credential `make open` shows for an application, on Kubernetes with a stand-in for kubectl. */
import { headersOf } from "../../../cli/stack/sender-token";
import { clusterEnvironmentLines, environmentLines } from "../../../cli/stack/addresses";
import { tokenLine } from "../../../configs/ingest/senders";
import { settingsWith } from "../../support/settings";
import { clusterSettings } from "./support/cluster-objects";
import { standInKubectl } from "./support/kubectl";

const kubectl = standInKubectl();
const senders = [{ name: "shop" }, { name: "batch" }];
const cluster = clusterSettings({ ingest: { mode: "require", tokensSecret: "tokens", senders } });
const [old, fresh] = ["o".repeat(40), `${"n".repeat(40)}+/==`] as const;
const secret = (data: Record<string, string>) =>
  kubectl.answers({
    words: /get secret\/tokens /,
    stdout: JSON.stringify({
      data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")])),
    }),
  });

describe("without TOKEN", () => {
  test("no token is read, and the placeholder names the sender", async () => {
    kubectl.answers();
    expect(await headersOf(cluster, { token: false })).toBeUndefined();
    expect(await headersOf(cluster, { sender: "batch", token: false })).toBe("authorization=Bearer%20<token of batch>");
    expect(kubectl.asked()).toEqual([]);
    const lines = clusterEnvironmentLines(cluster, { service: "shop" });
    expect(lines).toContain("OTEL_EXPORTER_OTLP_HEADERS='authorization=Bearer%20<token of shop>'\n");
    expect(clusterEnvironmentLines(cluster)).toContain("<token of a sender in tracing:ingest>");
  });

  test("the only sender is everybody's", () => {
    const one = settingsWith({ ingest: { mode: "report", senders: [{ name: "shop" }] } });
    expect(environmentLines(one, { service: "chat" })).toContain("<token of shop>");
  });
});

describe("with TOKEN", () => {
  test("the newest line of the Secret is shown, as the variable's format asks", async () => {
    secret({ shop: `${old}\n${fresh}\n\n` });
    const headers = await headersOf(cluster, { service: "shop", token: true });
    expect(headers).toBe(`authorization=Bearer%20${"n".repeat(40)}%2B%2F%3D%3D`);
    expect(clusterEnvironmentLines(cluster, { service: "shop", headers })).toContain(`\nOTEL_EXPORTER_OTLP_HEADERS=${headers}\n`);
  });

  test("a hash is no token, and another line of the same key may be one", async () => {
    secret({ shop: `${old}\n${tokenLine(fresh)}`, batch: tokenLine(fresh) });
    expect(await headersOf(cluster, { sender: "shop", token: true })).toBe(`authorization=Bearer%20${old}`);
    await expect(headersOf(cluster, { sender: "batch", token: true })).rejects.toThrow(
      "the Secret tokens holds only hashes of the tokens of batch: ask whoever made them",
    );
  });

  test.each<[string, Record<string, string>, string]>([
    ["without the key", { batch: old }, "the Secret tokens has no key shop"],
    ["with an empty key", { shop: "\n" }, "the Secret tokens holds no token of shop"],
  ])("a Secret %s is told", async (_what, data, message) => {
    secret(data);
    await expect(headersOf(cluster, { sender: "shop", token: true })).rejects.toThrow(message);
  });
});

test.each<[string, Parameters<typeof headersOf>, string]>([
  ["a sender that there is not", [cluster, { sender: "chat", token: false }], 'SENDER: found "chat"; allowed: shop, batch'],
  ["no sender where there are several", [cluster, { token: true }], "SENDER: missing; allowed: shop, batch"],
  ["a token where nobody is asked for one", [settingsWith(), { token: true }], "tracing:ingest.mode is off"],
  [
    "a token where there are no senders",
    [settingsWith({ ingest: { mode: "report" } }), { token: true }],
    "SENDER: missing; allowed: none, as tracing:ingest.senders is empty",
  ],
])("%s is refused", async (_what, args, message) => {
  await expect(headersOf(...args)).rejects.toThrow(message);
});

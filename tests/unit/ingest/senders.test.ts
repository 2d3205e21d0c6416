/** Rung: unit. Who may send: the mode by default, what is refused of settings and tokens, and what stack config becomes. */
import { createHash } from "node:crypto";
import { haproxyConfig, ingestMemory, type IngestPlace } from "../../../configs/ingest/haproxy";
import { ingestPlace } from "../../../configs/ingest/place";
import { ingestMode, ingestText, tokenLine, tokenProblems } from "../../../configs/ingest/senders";
import { ingestTokensFrom, optionsFrom, SettingsError } from "../../../configs/stack/parse";
import { addressesOf } from "../../../configs/topology";
import { problemsOf, settingsWith } from "../../support/settings";

const kubernetes = { platform: "kubernetes", environment: "production" };
const shop = { name: "shop" };
const token = "a".repeat(32);

describe("the mode is by default", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["off in development", {}, "off"],
    ["report in staging", { environment: "staging" }, "report"],
    ["report in production", kubernetes, "report"],
    ["what stack config says", { ingest: { mode: "require", senders: [shop] } }, "require"],
    ["what stack config says, off too", { ...kubernetes, ingest: { mode: "off" } }, "off"],
  ])("%s", (_what, groups, mode) => {
    expect(ingestMode(settingsWith(groups))).toBe(mode);
  });

  test("said in an output, with what to do next", () => {
    expect(ingestText(settingsWith())).toBe("off: anybody who reaches the Collector may send");
    expect(ingestText(settingsWith(kubernetes))).toBe(
      "report: requests are counted by sender (none) and nobody is refused, the default: set tracing:ingest.mode to require when all senders have a token",
    );
    expect(ingestText(settingsWith({ ingest: { mode: "require", senders: [shop] } }))).toBe("require: only shop may send");
  });
});

describe("is refused:", () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    [
      "require with no senders",
      { ingest: { mode: "require" } },
      ["ingest.senders: missing; allowed: at least one, as ingest.mode is require: nobody could send"],
    ],
    [
      "a sender twice, and one with the name of the stack's own",
      { ingest: { mode: "require", senders: [shop, shop, { name: "tracing-stack" }] } },
      [
        'ingest.senders[1].name: found "shop"; allowed: each name once',
        'ingest.senders[2].name: found "tracing-stack"; allowed: another name: the stack\'s own canary is that sender',
      ],
    ],
    [
      "senders without a proxy",
      { ingest: { senders: [shop] } },
      ['ingest.senders: found "shop"; allowed: nothing while ingest.mode is off'],
    ],
    [
      "senders without a Secret, on Kubernetes",
      { ...kubernetes, ingest: { mode: "require", senders: [shop] } },
      ["ingest.tokensSecret: missing; allowed: the name of a Secret with a key for each sender without certificates"],
    ],
    [
      "a Secret on Docker",
      { ingest: { mode: "report", senders: [shop], tokensSecret: "tokens" } },
      ['ingest.tokensSecret: found "tokens"; allowed: nothing on docker: see tracing:ingestTokens'],
    ],
    [
      "a Secret for nobody",
      { ...kubernetes, ingest: { tokensSecret: "tokens" } },
      ['ingest.tokensSecret: found "tokens"; allowed: nothing, as there are no senders'],
    ],
    [
      "limits out of range, a date that is none, and a mode that there is not, all at once",
      {
        ingest: { mode: "on", senders: [{ name: "Shop", expires: "2027-02-30", limits: { requestsPerSecond: 0, bytesPerSecond: "1Gi" } }] },
      },
      [
        'ingest.mode: found "on"; allowed: one of off, report, require',
        'ingest.senders[0].name: found "Shop"; allowed: lower-case letters, digits and dashes, 40 at most',
        "ingest.senders[0].limits.requestsPerSecond: found 0; allowed: a number of requests from 1 to 100000",
        'ingest.senders[0].limits.bytesPerSecond: found "1Gi"; allowed: a size from 1Mi to 256Mi',
        'ingest.senders[0].expires: found "2027-02-30"; allowed: a date, such as 2027-01-31',
      ],
    ],
  ])("%s", (_what, groups, expected) => {
    expect(problemsOf(groups)).toEqual(expected.map((problem) => `tracing:${problem}`));
  });
});

test.each(["2027-01-31", "2027-01-31 00:00:00 +0000 UTC"])("a sender expires on %s, with quotes in YAML or without", (expires) => {
  expect(settingsWith({ ingest: { mode: "report", senders: [{ ...shop, expires }] } }).ingest.senders[0]?.expires).toBe("2027-01-31");
});

describe("tokens", () => {
  const settings = settingsWith({ ingest: { mode: "require", senders: [shop, { name: "chat" }] } });
  const missing = (name: string) =>
    `tracing:ingestTokens.${name}: missing; allowed: the sender's token: pulumi config set --secret --path 'tracing:ingestTokens.${name}[0]'`;

  test("are right: one, or several, of which one takes the other's place", () => {
    expect(tokenProblems(settings, { shop: [token], chat: [`${"b".repeat(31)}-`, "c-._~+/==".padStart(40, "C")] })).toEqual([]);
  });

  test("that are wrong are told all at once, without a token", () => {
    const found = tokenProblems(settings, { shop: ["short", `${token}!`, token], other: [token] });
    expect(found).toEqual([
      missing("chat"),
      "tracing:ingestTokens.shop: found a token of 5 characters; allowed: 32 or more",
      "tracing:ingestTokens.shop: found a token with other characters; allowed: letters, digits and -._~+/, then = if any (RFC 6750)",
      "tracing:ingestTokens.other: found a token; allowed: one for a sender in tracing:ingest.senders",
      "tracing:ingestTokens.other: found a token that shop has; allowed: each token once",
    ]);
    expect(found.join("\n")).not.toContain(token);
  });

  test("are a Secret's on Kubernetes", () => {
    expect(tokenProblems(settingsWith(kubernetes), { shop: [token] })).toEqual([
      "tracing:ingestTokens.shop: found a token; allowed: nothing on kubernetes, where tracing:ingest.tokensSecret has them",
    ]);
  });

  test("are for nobody where nobody is asked for one", () => {
    expect(tokenProblems(settingsWith(), { shop: [token] })).toEqual([
      "tracing:ingestTokens.shop: found a token; allowed: one for a sender in tracing:ingest.senders",
    ]);
  });

  test("come from stack config, beside the settings", () => {
    const raw = { "tracing:ingestTokens": JSON.stringify({ shop: token, chat: [token, token] }) };
    expect(ingestTokensFrom("dev", raw)).toEqual({ shop: [token], chat: [token, token] });
    expect(ingestTokensFrom("dev", {})).toEqual({});
    expect(optionsFrom(raw)).toEqual({});
  });

  test("of a wrong shape are told all at once, by sender and without a token", () => {
    const read = (tokens: unknown) => () => ingestTokensFrom("dev", { "tracing:ingestTokens": JSON.stringify(tokens) });
    for (const wrong of [[], "a"]) expect(read(wrong)).toThrow(/tracing:ingestTokens: found something else/);
    for (const wrong of [1, "", ["a", 2]]) expect(read({ shop: wrong })).toThrow(SettingsError);
    expect(read({ shop: [], chat: [token, 2], blog: token })).toThrow(
      new SettingsError("dev", [
        "tracing:ingestTokens.shop: found an empty list; allowed: a token, or a list of tokens",
        "tracing:ingestTokens.chat: found something else; allowed: a token, or a list of tokens",
      ]),
    );
  });

  test("are hashed in files, as HAProxy hashes what a client sends", () => {
    expect(tokenLine(token)).toBe(`sha256:${createHash("sha256").update(token).digest("hex")}\n`);
  });
});

describe("HAProxy's config", () => {
  const place = (groups: Record<string, unknown>): IngestPlace => ingestPlace(addressesOf(settingsWith(groups)));
  const text = (groups: Record<string, unknown>) => haproxyConfig(settingsWith(groups), place(groups));
  const require = {
    mode: "require",
    senders: [{ ...shop, expires: "2027-01-01", limits: { requestsPerSecond: 7, bytesPerSecond: "2Mi" } }],
  };
  const docker = { ingest: require };
  const cluster = { ...kubernetes, ingest: { ...require, tokensSecret: "tokens" } };

  test("hands on to the Collector by a name that only the stack's network has on Docker, and to the same pod on Kubernetes", () => {
    expect(text(docker)).toContain("server otlpHttp otel-collector.tracing-backend:4318 weight 0 maxconn 8 resolvers engine");
    expect(text(docker)).toContain("bind ingest.tracing-backend:8405");
    expect(text(cluster)).toContain("server otlpGrpc 127.0.0.1:24317 weight 0 maxconn 8 proto h2\n");
    expect(text(cluster)).not.toContain("resolvers");
  });

  test("has each sender's limits, over ten seconds, and the day from which it is refused", () => {
    expect(text(docker)).toContain("str(limited) if { var(txn.sender) -m str shop } { var(txn.sender),table_http_req_rate(limits) ge 70 }");
    expect(text(docker)).toContain("{ var(txn.sender),table_http_req_rate(bursts) ge 21 }");
    expect(text(docker)).toContain(`table_bytes_in_rate(limits) ge ${10 * 2 * 1024 * 1024} }`);
    expect(text(docker)).toContain(`str(expired) if { var(txn.sender) -m str shop } { date ge ${Date.UTC(2027, 0, 1) / 1000} }`);
  });

  test("lets those senders use Zstandard that the settings name", () => {
    expect(text(docker)).toContain("str(zstandard) if { var(txn.sender) -m str shop } { var(txn.zstandard) -m bool }");
    const [allowed] = require.senders.map((one) => ({ ...one, zstandard: true }));
    expect(text({ ingest: { ...require, senders: [allowed] } })).not.toContain("zstandard:shop");
  });

  test("has no limits for the stack itself: make bench sends as much as the Collector takes", () => {
    expect(text(docker)).toContain("\nbackend accepted:tracing-stack\n");
    expect(text(docker)).not.toContain("limited:tracing-stack");
    expect(text(docker).match(/table_http_req_rate\((limits|bursts)\)/g)).toEqual([
      "table_http_req_rate(limits)",
      "table_http_req_rate(bursts)",
    ]);
  });

  test("refuses with require only", () => {
    expect(text(docker).match(/return status 401/g)).toHaveLength(3);
    expect(text(docker).match(/return status 429/g)).toHaveLength(1);
    const report = text({ ingest: { ...require, mode: "report" } });
    expect(report).not.toMatch(/return status (401|429)|grpc-status/);
    expect(report).toContain("backend unknown\n  use-server");
  });

  test("limits the connections of an address with require only, and has buffers for two such addresses", () => {
    const limited = { ingest: { ...require, connectionsPerAddress: 2000 } };
    expect(text(docker)).toContain("tcp-request connection reject if { sc1_conn_cur gt 512 }");
    expect(text(limited)).toContain("tcp-request connection reject if { sc1_conn_cur gt 2000 }");
    expect(text(limited)).toContain("tune.buffers.limit 4000");
    expect(text({ ingest: { ...require, mode: "report" } })).not.toContain("connection reject");
    expect([docker, limited].map((groups) => ingestMemory(settingsWith(groups)))).toEqual([192, 564]);
  });

  test("ends HTTP/2 connections after a number of requests, where the version can", () => {
    expect(text(docker)).toContain("tune.h2.fe.max-total-streams 100");
    expect(text({ ...docker, images: "local" })).not.toContain("max-total-streams");
  });
});

/** Rung: unit. What `make status` says of senders. */
import type { Sample } from "../../../cli/status/prometheus";
import { expiringSenders, sendersState } from "../../../cli/status/senders";
import { verdicts } from "../../../configs/ingest/haproxy";
import { settingsWith } from "../../support/settings";

const settings = (mode: string, ...senders: object[]) =>
  settingsWith({ ingest: { mode, senders: senders.length > 0 ? senders : [{ name: "shop" }] } });
const sample = (value: number, verdict: string, sender = ""): Sample => ({ metric: sender ? { verdict, sender } : { verdict }, value });
const itself = sample(0.07, "accepted", "tracing-stack");

describe("in report", () => {
  const state = (...found: Sample[]) => sendersState(settings("report"), found);
  const begin = "report: nobody is refused; ";

  test("requests that require would refuse are told by sender and reason, the most first, with what to do next", () => {
    const found = [sample(0.01, "unknown"), sample(2, "anonymous"), sample(0.5, "limited", "shop"), sample(3, "accepted", "shop"), itself];
    expect(state(...found)).toBe(
      `${begin}require WOULD REFUSE in 5 minutes, about: 600 ${verdicts.anonymous}, 150 ${verdicts.limited} (shop), 3 ${verdicts.unknown}; ` +
        "next: docs/UPGRADING.md#credentials-of-senders",
    );
  });

  test("a single request is told", () => expect(state(sample(0.0002, "expired", "old"))).toContain(`about: 1 ${verdicts.expired} (old);`));

  test("where all is valid, the next step is require", () => {
    expect(state(sample(1, "accepted", "shop"), itself)).toBe(
      `${begin}all requests of 5 minutes have a valid token (shop); next: require, if that holds for a week: docs/UPGRADING.md#credentials-of-senders`,
    );
  });

  test("the stack's own requests prove nothing about applications", () =>
    expect(state(itself)).toBe(`${begin}no application has sent in 5 minutes`));

  test("without Prometheus, the mode is told", () =>
    expect(sendersState(settings("report"), undefined)).toBe(`${begin}requests are not known`));
});

test("requests in plain text that pass are not told as refused, and a sender is named once", () =>
  expect(sendersState(settings("require"), [sample(1, "accepted", "shop"), sample(1, "plaintext", "shop")])).toMatch(
    / have a valid token \(shop\)$/,
  ));

test("in require, those who are refused are told, and where the runbook is", () => {
  const begin = "require: only shop may send; ";
  expect(sendersState(settings("require"), [sample(1, "unknown"), sample(1.5, "anonymous")])).toBe(
    `${begin}REFUSED in 5 minutes, about: 450 ${verdicts.anonymous}, 300 ${verdicts.unknown}; next: docs/runbooks/alerts.md#ingestrefused`,
  );
  expect(sendersState(settings("require"), [sample(1, "accepted", "shop")])).toBe(
    `${begin}all requests of 5 minutes have a valid token (shop)`,
  );
});

describe("senders that expire", () => {
  const now = Date.parse("2026-12-01T12:00:00Z");
  const next = "; next: docs/SETUP_AND_INTEGRATION.md#credentials-of-senders";

  test("are told within two weeks, and afterwards", () => {
    const found = settings(
      "require",
      { name: "gone", expires: "2026-12-01" },
      { name: "tomorrow", expires: "2026-12-02" },
      { name: "soon", expires: "2026-12-15" },
      { name: "later", expires: "2026-12-16" },
      { name: "never" },
    );
    expect(expiringSenders(found, now)).toBe(
      `gone EXPIRED on 2026-12-01; tomorrow expires on 2026-12-02, in 1 day; soon expires on 2026-12-15, in 14 days${next}`,
    );
  });

  test("are no line where there are none", () => {
    expect(expiringSenders(settings("require", { name: "later", expires: "2026-12-16" }), now)).toBeUndefined();
    expect(expiringSenders(settingsWith(), now)).toBeUndefined();
  });
});

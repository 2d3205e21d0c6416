/** A sender far above its limits. */
import { Agent, request } from "node:http";
import { requestBytes } from "../support/otlp-bytes";
import { add, type Address, type Seen } from "./wire";
import { sleep } from "../../cli/machine/run";

/** Connections that it sends on. */
const connections = 32;

/** A request of a span with a text so long, bytes. */
function body(bytes: number): Buffer {
  const start = BigInt(Date.now()) * 1_000_000n;
  const text = "noise ".repeat(Math.ceil(bytes / 6));
  const span = { traceId: "0c".repeat(16), spanId: "0d".repeat(8), name: "noise", kind: 2, start, end: start + 1_000_000n };
  return requestBytes({
    resource: { attributes: [["service.name", "noisy"]] },
    spans: [{ ...span, attributes: [["noise", text.slice(0, bytes)]] }],
  });
}

/**
 * Sends requests for so long, whatever the answers are.
 *
 * @param perSecond Requests a second.
 * @param bytes Bytes of each.
 * @returns Answers by their status; `error` where there was none.
 */
export async function noise({ host, port }: Address, token: string, perSecond: number, bytes: number, seconds: number): Promise<Seen> {
  const seen: Seen = {};
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const content = body(bytes);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/x-protobuf", "content-length": content.length };
  let underWay = 0;
  const send = () => {
    underWay++;
    const ended = (outcome: string) => {
      underWay--;
      add(seen, outcome);
    };
    const one = request({ host, port, agent, method: "POST", path: "/v1/traces", headers, timeout: 10_000 }, (response) => {
      response.resume();
      response.once("end", () => ended(String(response.statusCode)));
      response.once("error", () => ended("error"));
    });
    one.once("timeout", () => one.destroy(new Error("timeout")));
    one.once("error", () => ended("error"));
    one.end(content);
  };
  const began = Date.now();
  for (let sent = 0; Date.now() - began < seconds * 1000;) {
    for (const due = ((Date.now() - began) / 1000) * perSecond; sent < due; sent++) send();
    await sleep(5);
  }
  while (underWay > 0) await sleep(20);
  agent.destroy();
  return seen;
}

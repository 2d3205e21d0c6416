/** Rung: unit. What a drill takes for a message of Alertmanager's, over a connection of its own. */
import { Messages } from "../../../cli/drill/messages";
import { freePorts } from "../../binaries/support/programs";

const never = new AbortController().signal;
let messages: Messages;
let port: number;

beforeEach(async () => {
  [port = 0] = await freePorts(1);
  messages = await Messages.listen(`127.0.0.1:${port}`);
});
afterEach(() => messages.close());

const post = async (body: string) => (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body })).status;
const message = (status: string, alertname: unknown) => JSON.stringify({ version: "4", status, groupLabels: { alertname, stack: "dev" } });

test("a message counts for its alert, from when it came", async () => {
  const before = Date.now();
  expect(await post(message("firing", "JaegerDown"))).toBe(200);
  expect(await post(message("resolved", "JaegerDown"))).toBe(200);
  expect(messages.about("JaegerDown", before).map(({ status }) => status)).toEqual(["firing", "resolved"]);
  expect(messages.about("JaegerDown", Date.now() + 1)).toEqual([]);
  expect(messages.about("OTELCollectorDown", before)).toEqual([]);
});

test("a message is awaited by its status", async () => {
  const since = Date.now();
  const waiting = messages.first("JaegerDown", "resolved", since, 10_000, never);
  await post(message("firing", "JaegerDown"));
  await post(message("resolved", "JaegerDown"));
  const resolved = messages.all.find(({ status }) => status === "resolved");
  expect(resolved).toBeDefined();
  expect(await waiting).toBe(resolved?.at);
});

test("waiting ends at the timeout and at an interrupt", async () => {
  expect(await messages.first("JaegerDown", "firing", 0, 0, never)).toBeUndefined();
  expect(await messages.first("JaegerDown", "firing", 0, 60_000, AbortSignal.abort())).toBeUndefined();
});

test.each(["", "no JSON", "null", "[]", "{}", message("firing", 7), message("maybe", "JaegerDown")])("%j is refused", async (body) => {
  expect(await post(body)).toBe(400);
  expect(messages.all).toEqual([]);
});

test("a message that is too large is rejected", async () => {
  await expect(post("x".repeat(3 * 1024 * 1024))).rejects.toThrow();
  expect(messages.all).toEqual([]);
});

test("a used port is an error", async () => {
  await expect(Messages.listen(`127.0.0.1:${port}`)).rejects.toThrow(`LISTEN: cannot listen at 127.0.0.1:${port}`);
});

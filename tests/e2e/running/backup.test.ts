/**
 * Rung: real systems end to end. The restore drill: spans are copied, all of them are deleted while others come in, and the copy is restored. The stack is one that
 * several test files share; by its name this is the first of them, and there is little to copy yet.
 */
import { rmSync } from "node:fs";
import { jaegerIndices } from "../../../configs/jaeger/index-cleaner";
import { snapshotGauges } from "../../../configs/elasticsearch/snapshot-metrics";
import { namesOf } from "../../../configs/elasticsearch/users";
import { gaugeMetric } from "../../../configs/reported-gauges";
import { eventually } from "../../support/waiting";
import { Checkout, scratch } from "../lib/checkout";
import { Ledger } from "../lib/ledger";
import { Systems } from "../lib/systems";

jest.setTimeout(10 * 60_000);

const stack = Checkout.copy();
const systems = new Systems(stack);
const ledger = new Ledger(stack);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const indices = async () =>
  ((await systems.elasticsearch(`/_cat/indices/${jaegerIndices}?format=json&h=index`)) as { index: string }[])
    .map(({ index }) => index)
    .sort();
const whole = { lost: 0, duplicated: 0, unacknowledged: 0 };

test("what was copied and then deleted is all there again, id by id, and what came meanwhile stays", async () => {
  const before = await ledger.run("copied", "--service", "snapshot-before", "--spans", "3000", "--rate", "1000");
  expect(before).toMatchObject({ ...whole, stored: 3000 });
  expect(await stack.makes("snapshot")).toMatch(/tracing-[\d.]+-\d+ is made/);
  const names = await indices();
  const file = before.ledger as string;

  for (const index of names) await systems.elasticsearch(`/${index}`, "DELETE");
  expect(await ledger.verify(file, undefined, "--wait", "1s")).toMatchObject({ lost: 3000 });
  const meanwhile = await ledger.run("meanwhile", "--service", "snapshot-meanwhile", "--spans", "1000", "--rate", "1000");
  expect(meanwhile).toMatchObject({ ...whole, stored: 1000 });

  const start = Date.now();
  const said = await stack.makes("restore", "SNAPSHOT=latest");
  process.stdout.write(`restored in ${((Date.now() - start) / 1000).toFixed(1)} s:\n${said}\n`);
  expect(await indices()).toEqual(names);
  expect(await ledger.verify(file, undefined)).toMatchObject({ ...whole, stored: 3000 });
  expect(await ledger.verify(meanwhile.ledger as string, undefined)).toMatchObject({ ...whole, stored: 1000 });

  // Once more changes nothing: each document has its id.
  await stack.makes("restore", "SNAPSHOT=latest");
  expect(await ledger.verify(file, undefined)).toMatchObject({ ...whole, stored: 3000 });
  expect(await indices()).toEqual(names);
});

test("the time of the newest is a metric, and `make status` tells it", async () => {
  const list = (await systems.elasticsearch(`/_cat/snapshots/${namesOf(stack.settings)}?format=json&h=id,end_epoch&s=start_epoch`)) as {
    id: string;
    end_epoch: string;
  }[];
  const newest = list.at(-1)!;
  await eventually("the metric", 120, async () =>
    (await systems.query(`max(${gaugeMetric(snapshotGauges.lastSuccess)})`)) === Number(newest.end_epoch) ? true : undefined,
  );
  expect(await systems.query(`max(${gaugeMetric(snapshotGauges.lastRun)})`)).toBe(1);
  expect(await stack.makes("status")).toContain(`the newest ${newest.id} of`);
  expect(await stack.makes("restore")).toContain(newest.id);
});

test("a name that is no snapshot's is refused with Elasticsearch's words, and nothing changes", async () => {
  const names = await indices();
  const { ok, output } = await stack.make("restore", "SNAPSHOT=tracing-2000.01.01-000000");
  expect(ok).toBe(false);
  expect(output).toContain("snapshot_missing_exception");
  expect(await indices()).toEqual(names);
});

import { temporaryFolder } from "../support/temporary-folder";
import { settingsWith } from "../support/settings";
import { throughTheDoor } from "./support/door";
import { requestBytes, requestOf, type Span } from "./support/otlp-bytes";

jest.setTimeout(5 * 60_000);
const folder = temporaryFolder();
const now = BigInt(Date.now()) * 1_000_000n;
const plain: Span = {
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
  parentId: "eee19b7ec3c1b173",
  name: "GET /a",
  kind: 2,
  start: now,
  end: now + 5_000_000n,
  attributes: [
    ["http.request.method", "GET"],
    ["n", 5n],
    ["d", 0.5],
    ["b", true],
    ["list", ["a", "b"]],
    ["none", null],
    ["bytes", { bytes: "00ff" }],
    ["map", { map: [["a", [1n]]] }],
  ],
  events: [{ time: now, name: "exception", attributes: [["exception.type", "ValueError"]] }],
  links: [{ traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174" }],
  status: { message: "no", code: 2 },
  flags: 257,
};
const resource = { attributes: [["service.name", "shop"]] as const };
test("try", async () => {
  const t = Date.now();
  const send = [
    plain,
    { ...plain, traceId: "00".repeat(16) },
    { ...plain, start: 0n },
    { ...plain, attributes: Array.from({ length: 40000 }, (_, i) => [`k${i}`, "v"] as const) },
    {
      ...plain,
      events: Array.from({ length: 3000 }, (_, i) => ({
        time: now,
        name: `e${i}`,
        attributes: [
          ["a", "1"],
          ["b", "2"],
        ] as const,
      })),
    },
    { ...plain, links: Array.from({ length: 11000 }, () => plain.links![0]!) },
    { ...plain, flags: 2 ** 31 + 1, end: 5n, name: { raw: "61ff62" } },
    {
      ...plain,
      attributes: [
        ["nan", NaN],
        ["inf", -Infinity],
        [
          "l",
          [
            1,
            [
              NaN,
              {
                map: [
                  ["x", Infinity],
                  ["y", { raw: "ff" }],
                ],
              },
            ],
          ],
        ],
        [{ raw: "6bff" }, { raw: "76ff" }],
        ["", "x"],
        ["x".repeat(40000), 1n],
        ["long", "é".repeat(500000)],
        [" ", 1n],
        ["deep", [[[[[[[[1]]]]]]]]],
      ],
    },
  ] as Span[];
  const { out, dropped, complaints } = await throughTheDoor(
    settingsWith(),
    send.map((span) => requestBytes({ resource, scope: { name: "s", version: "1" }, spans: [span] })),
    folder(),
  );
  console.log(
    Date.now() - t,
    dropped,
    complaints.slice(0, 5).map((x) => x.slice(0, 1000)),
  );
  expect(requestOf(out[0]!)).toEqual(requestOf(requestBytes({ resource, scope: { name: "s", version: "1" }, spans: [plain] })));
  const s = (i: number) => requestOf(out[i]!).spans[0]!;
  console.log(
    out[1],
    out[2],
    s(3).attributes!.length,
    s(3).attributes!.slice(-2),
    s(3).droppedAttributes,
    s(4).events!.length,
    s(4).events![0],
    s(4).droppedEvents,
    s(4).attributes!.slice(-1),
    out[5],
  );
  console.log(s(6).flags, s(6).end! - now, s(6).name, s(6).attributes!.slice(-4));
  console.log(
    JSON.stringify(
      s(7).attributes!.map(([k, v]) => [
        k,
        typeof v === "string" ? v.slice(0, 20) + v.slice(-5) + v.length + " " + Buffer.byteLength(v) : v,
      ]),
      (_, v) => (typeof v === "bigint" ? `${v}n` : v),
    ),
    s(7).droppedAttributes,
  );
  console.log(out[0]!.equals(requestBytes({ resource, scope: { name: "s", version: "1" }, spans: [plain] })));
});

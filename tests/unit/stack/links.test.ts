/** Rung: unit. `tracing:jaeger.links`: what a link may be, and what its type demands. Bad values: leaves.test.ts. */
import { problemsOf, settingsWith } from "../../support/settings";

const link = (more: object = {}) => ({
  type: "tags",
  key: "correlation_id",
  url: "https://logs.example.com/?q=#{correlation_id}",
  text: "Logs",
  ...more,
});
const problems = (...links: object[]) => problemsOf({ jaeger: { links } });

test.each<[string, object]>([
  ["an attribute of a span", {}],
  ["an attribute of a process", { type: "process", key: "k8s.pod.name", url: "http://10.0.0.1:5601/app?pod=#{k8s.pod.name}" }],
  ["an attribute of an event", { type: "logs", key: "exception.type", url: "https://search.example.com/#{exception.type}" }],
  [
    "a trace",
    { type: "traces", key: undefined, url: "https://logs.example.com/#{traceID}?from=#{startTime | add -60000000}&to=#{endTime}" },
  ],
  [
    "a trace, by its date",
    { type: "traces", key: undefined, url: "https://a/#{startTime | epoch_micros_to_date_iso}", text: "#{traceID | pad_start 32 0}" },
  ],
  ["a fixed address", { url: "https://wiki.example.com/tracing#correlation" }],
  ["percent-encoded characters", { url: "https://logs.example.com/?q=%24%7Bx%7D" }],
])("%s may be linked", (_what, more) => {
  expect(settingsWith({ jaeger: { links: [link(more)] } }).jaeger.links).toHaveLength(1);
  expect(problems(link(more))).toEqual([]);
});

test("a link at an attribute needs the attribute's name; a link at a trace has fields of the trace only", () => {
  const traceFields = "#{traceID}, #{traceName}, #{startTime}, #{endTime}, #{duration}, as jaeger.links[1].type is traces";
  expect(problems(link({ key: undefined }), link({ type: "traces", text: "#{service | pad_start 3 x}" }))).toEqual([
    "tracing:jaeger.links[0].key: missing; allowed: an attribute's name, as jaeger.links[0].type is tags",
    'tracing:jaeger.links[1].key: found "correlation_id"; allowed: nothing, as jaeger.links[1].type is traces',
    `tracing:jaeger.links[1].url: found "#{correlation_id}"; allowed: ${traceFields}`,
    `tracing:jaeger.links[1].text: found "#{service}"; allowed: ${traceFields}`,
  ]);
});

/** Rung: unit. `tracing:jaeger.links`: what a link may be, and every error with its key, what was found and what is allowed. */
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

const badUrl = "an http or https address whose host is fixed";

test.each<[string, object, string, string]>([
  ["another scheme", { url: "javascript:alert(1)" }, "url", badUrl],
  ["a file", { url: "file:///etc/passwd" }, "url", badUrl],
  ["no scheme", { url: "logs.example.com/#{traceID}" }, "url", badUrl],
  ["a host that an attribute chooses", { url: "https://#{host}/logs" }, "url", badUrl],
  ["a part of the host that an attribute chooses", { url: "https://logs.#{tenant}.example.com/" }, "url", badUrl],
  ["a login in the address", { url: "https://anna:secret@logs.example.com/" }, "url", badUrl],
  ["a blank", { url: "https://logs.example.com/a b" }, "url", badUrl],
  ["a dollar sign, which Jaeger would lose", { url: "https://logs.example.com/?q=$x" }, "url", badUrl],
  ["a brace that is left open", { url: "https://logs.example.com/#{traceID" }, "url", badUrl],
  ["an empty placeholder", { url: "https://logs.example.com/#{}" }, "url", badUrl],
  ["an unknown function", { url: "https://logs.example.com/#{startTime | minus 5}" }, "url", badUrl],
  ["a function without its number", { url: "https://logs.example.com/#{startTime | add}" }, "url", badUrl],
  ["two functions", { url: "https://logs.example.com/#{startTime | add 1 | add 2}" }, "url", badUrl],
  ["no address at all", { url: 5 }, "url", badUrl],
  ["a text with a dollar sign", { text: "costs $5" }, "text", "1 to 100 characters without a dollar sign"],
  ["an empty text", { text: "" }, "text", "1 to 100 characters without a dollar sign"],
  ["a text with a line feed", { text: "a\nb" }, "text", "1 to 100 characters without a dollar sign"],
  ["another type", { type: "spans" }, "type", "one of traces, process, tags, logs"],
  ["a key that is none", { key: "a b" }, "key", "an attribute's name"],
])("%s is refused", (_what, more, key, allowed) => {
  const [problem, ...others] = problems(link(), link(more));
  expect(others).toEqual([]);
  expect(problem).toContain(`tracing:jaeger.links[1].${key}: found `);
  expect(problem).toContain(`allowed: ${allowed}`);
});

test("a link at an attribute needs its name, and one at a trace has none and knows the trace's fields only", () => {
  const traceFields = "#{traceID}, #{traceName}, #{startTime}, #{endTime}, #{duration}, as jaeger.links[1].type is traces";
  expect(problems(link({ key: undefined }), link({ type: "traces", text: "#{service | pad_start 3 x}" }))).toEqual([
    "tracing:jaeger.links[0].key: missing; allowed: an attribute's name, as jaeger.links[0].type is tags",
    'tracing:jaeger.links[1].key: found "correlation_id"; allowed: nothing, as jaeger.links[1].type is traces',
    `tracing:jaeger.links[1].url: found "#{correlation_id}"; allowed: ${traceFields}`,
    `tracing:jaeger.links[1].text: found "#{service}"; allowed: ${traceFields}`,
  ]);
});

test("what a link has besides is refused", () => {
  expect(problems(link({ target: "_blank" }))).toEqual([expect.stringContaining("tracing:jaeger.links[0].target: no such setting")]);
});

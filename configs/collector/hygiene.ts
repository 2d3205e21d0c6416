/**
 * Hygiene at the door: what every span passes where applications send to, before it is counted, sampled or stored. A span that nothing behind
 * could store or find is dropped, and counted by reason; one that is too large or odd in parts is cut or repaired, and says so in an attribute.
 * docs/LIMITS.md lists it all; docs/decisions/0021-hygiene-at-the-door.md says why.
 */
import { compact } from "../compact";
import {
  hasInvalidKeys,
  isPlainMap,
  isSoundText,
  quoted,
  shortValues,
  soundText,
  soundValues,
  unsoundOf,
  withoutOddKeys,
  withValidKeys,
} from "./ottl";
import { isOff, nestedMark } from "./redaction";
import { requestAttributes } from "../sampling";
import type { CollectorSettings } from "../stack/schema";

type Processors = Readonly<Record<string, Record<string, unknown>>>;

/** Command-line arguments that the processors need: without the gate the Collector has no functions that look at each attribute. */
export const hygieneArgs = ["--feature-gates=ottl.functions.enableLambda"] as const;

/** Why a span is dropped, by the processor that drops it, whose name its counter carries. */
export const dropReasons = {
  invalidIds: "filter/invalid_ids",
  outOfTime: "filter/out_of_time",
  tooManyLinks: "filter/too_many_links",
} as const;

/** What a span says of itself: how many of something were left out, and what else of it was changed. */
export const marks = {
  dropped: (what: "attributes" | "events") => `tracing.dropped.${what}`,
  altered: (what: string) => `tracing.altered.${what}`,
} as const;

/**
 * Most nested documents that Elasticsearch takes with a document (index.mapping.nested_objects.limit). With Jaeger's own mapping each
 * attribute, link, event and attribute of an event is one.
 */
const nestedDocuments = 10_000;

/** Name of a service that gives none, as OpenTelemetry's specification has it. Jaeger cannot find the spans of one that has no name. */
const unknownService = "unknown_service";

/** Name of an event that is to be left out: OTTL can mark one by one, and filter by mark. */
const surplus = "tracing.surplus";

const nanoseconds = (milliseconds: number) => `${BigInt(milliseconds) * 1_000_000n}`;
const day = 24 * 3600 * 1000;

/** The processors of hygiene, in the order in which spans pass them. */
export function hygieneProcessors(settings: CollectorSettings): Processors {
  return {
    [dropReasons.invalidIds]: dropped("span", [
      "span.trace_id == TraceID(0x00000000000000000000000000000000)",
      "span.span_id == SpanID(0x0000000000000000)",
    ]),
    // Each day is an index. From 2^63 ns on, times are negative here, and so too old.
    [dropReasons.outOfTime]: dropped("span", [
      `span.start_time_unix_nano < UnixNano(Now()) - ${nanoseconds(settings.retention * day)}`,
      `span.start_time_unix_nano > UnixNano(Now()) + ${nanoseconds(settings.limits.clockSkew)}`,
    ]),
    // OTTL can count links, and neither cut nor clear them.
    [dropReasons.tooManyLinks]: dropped("span", [`Len(span.links) > ${settings.limits.links}`]),
    "transform/hygiene": {
      // A repair that fails is logged, and the span goes on as it came.
      error_mode: "ignore",
      trace_statements: [ofResources(settings), ofScopes(settings), ofSpans(settings), ofEvents(settings)],
    },
    "filter/surplus_events": dropped("spanevent", [`spanevent.name == ${quoted(surplus)}`]),
  };
}

const dropped = (context: string, conditions: readonly string[]) => ({
  error_mode: "ignore",
  trace_conditions: [{ context, conditions }],
});

/** Statements about one kind of part, for those parts that one of the conditions holds for. */
interface Group {
  readonly context: string;
  readonly conditions: readonly string[];
  readonly statements: readonly string[];
}

const set = (path: string, value: string | number, where?: string) => `set(${path}, ${value})${where ? ` where ${where}` : ""}`;
const at = (map: string, key: string) => `${map}[${quoted(key)}]`;

function ofResources(settings: CollectorSettings): Group {
  const { limits } = settings;
  const map = attributesOf("resource", settings, ["service.name"]);
  const name = at("resource.attributes", "service.name");
  const nameless = `${name} == nil or IsMatch(${name}, "^\\\\s*$")`;
  const tooLong = `IsString(${name}) and Len(${name}) > ${limits.keyBytes}`;
  return {
    context: "resource",
    conditions: [...map.conditions, nameless, tooLong],
    statements: [
      ...map.statements,
      set(at("resource.attributes", marks.altered("service_name")), "true", `${nameless} or ${tooLong}`),
      set(name, quoted(unknownService), nameless),
      set(name, soundText(name, limits.keyBytes), tooLong),
    ],
  };
}

function ofScopes(settings: CollectorSettings): Group {
  const { limits } = settings;
  const map = attributesOf("scope", settings);
  const texts = ["name", "version"].map((field) => textOf("scope", field, limits.keyBytes));
  return {
    context: "scope",
    conditions: [...map.conditions, ...texts.map(({ condition }) => condition)],
    statements: [...map.statements, ...texts.flatMap(({ statements }) => statements)],
  };
}

function ofSpans(settings: CollectorSettings): Group {
  const { limits } = settings;
  const map = attributesOf("span", settings, searched(settings));
  const texts = [
    textOf("span", "name", limits.keyBytes),
    textOf("span", "status.message", limits.valueBytes),
    textOf("span", "trace_state", limits.valueBytes),
  ];
  const mark = (name: string) => at("span.attributes", name);
  const tooManyEvents = `Len(span.events) > ${limits.events}`;
  const oddFlags = `span.flags > ${2 ** 31 - 1}`;
  // Also where the end is missing. What begins in time and ends later than any could have is as odd.
  const lasts = "span.end_time_unix_nano - span.start_time_unix_nano";
  const oddEnd = `${lasts} < 0 or ${lasts} > ${nanoseconds(settings.retention * day + limits.clockSkew)}`;
  return {
    context: "span",
    conditions: [tooManyEvents, oddFlags, oddEnd, ...map.conditions, ...texts.map(({ condition }) => condition)],
    statements: [
      ...map.statements,
      ...texts.flatMap(({ statements }) => statements),
      // Events are counted one by one, and left out behind this processor.
      set(mark(marks.dropped("events")), 0, tooManyEvents),
      set("span.dropped_events_count", `span.dropped_events_count + Len(span.events) - ${limits.events}`, tooManyEvents),
      // The bit has no meaning yet, and Elasticsearch's field has no room for it.
      set(mark(marks.altered("flags")), "span.flags", oddFlags),
      set("span.flags", `span.flags - ${2 ** 31}`, oddFlags),
      set(mark(marks.altered("end_time")), "span.end_time_unix_nano", oddEnd),
      set("span.end_time_unix_nano", "span.start_time_unix_nano", oddEnd),
    ],
  };
}

function ofEvents(settings: CollectorSettings): Group {
  const { limits, retention } = settings;
  const { few, attributes } = eventBudget(limits);
  const tooWide = `Len(spanevent.attributes) > ${attributes} and Len(span.events) > ${few}`;
  const narrowed = `limit(spanevent.attributes, ${attributes}, ${JSON.stringify(exceptionKeys)}) where ${tooWide}`;
  const map = attributesOf("spanevent", settings, exceptionKeys, [narrowed]);
  const name = textOf("spanevent", "name", limits.keyBytes);
  const tooMany = `Len(span.events) > ${limits.events}`;
  const count = at("span.attributes", marks.dropped("events"));
  const isSurplus = `${at("spanevent.cache", "surplus")} == true`;
  const since = "spanevent.time_unix_nano - span.start_time_unix_nano";
  const oddTime = `${since} < -${nanoseconds(retention * day)} or ${since} > ${nanoseconds(retention * day)}`;
  const altered = (what: string, where: string) => set(at("span.attributes", marks.altered(what)), "true", where);
  return {
    context: "spanevent",
    conditions: [tooMany, oddTime, tooWide, name.condition, ...map.conditions],
    statements: [
      // The first ones go: an exception is the last.
      set(at("spanevent.cache", "surplus"), "true", `${tooMany} and ${count} < Len(span.events) - ${limits.events}`),
      set(count, `${count} + 1`, isSurplus),
      set("spanevent.name", quoted(surplus), isSurplus),
      altered("events", `${tooWide} or ${name.condition} or ${map.conditions.join(" or ")}`),
      ...map.statements,
      ...name.statements,
      altered("event_time", oddTime),
      set("spanevent.time_unix_nano", "span.start_time_unix_nano", oddTime),
    ],
  };
}

/**
 * The attributes of a part: as many as fit, without keys that cannot be stored, with sound values. Those with one of the `first` keys stay
 * when others go; `more` statements may leave out others.
 */
function attributesOf(
  context: string,
  { limits, redaction }: CollectorSettings,
  first: readonly string[] = [],
  more: readonly string[] = [],
): Omit<Group, "context"> {
  const map = `${context}.attributes`;
  const kept = (name: string) => at(`${context}.cache`, name);
  const isOdd = `not ${isPlainMap(map, limits)}`;
  const wasOdd = `${kept("odd")} == true`;
  const unsound = kept("unsound");
  const leftOut = `${kept("left_out")} > 0`;
  const altered = (where: string) => set(at(map, marks.altered("attributes")), "true", `${wasOdd} and ${where}`);
  return {
    conditions: [`Len(${map}) > ${limits.attributes}`, isOdd],
    statements: compact([
      set(kept("count"), `Len(${map})`),
      `limit(${map}, ${limits.attributes}, ${JSON.stringify(first.slice(0, limits.attributes))})`,
      // One key many times counts as one of the first.
      `limit(${map}, ${limits.attributes}, [])`,
      ...more,
      set(kept("odd"), "true", isOdd),
      set(map, withoutOddKeys(map, limits), wasOdd),
      set(kept("left_out"), `${kept("count")} - Len(${map})`),
      set(unsound, unsoundOf(map, limits), wasOdd),
      set(unsound, soundValues(unsound, limits), wasOdd),
      `merge_maps(${map}, ${shortValues(unsound, limits)}, "update") where ${wasOdd}`,
      altered(`Len(${unsound}) > 0`),
      altered(hasInvalidKeys(map)),
      set(map, withValidKeys(map), wasOdd),
      set(at(map, marks.dropped("attributes")), kept("left_out"), leftOut),
      set(`${context}.dropped_attributes_count`, `${context}.dropped_attributes_count + ${kept("left_out")}`, leftOut),
      // Among the odd ones are all with lists and maps, which redaction reads as text. It removes the mark.
      !isOff(redaction) && set(at(map, nestedMark), "true", wasOdd),
    ]),
  };
}

/** A text of a part: UTF-8, and short enough. */
function textOf(context: string, field: string, bytes: number): { condition: string; statements: string[] } {
  const path = `${context}.${field}`;
  const condition = `not (${isSoundText(path, bytes)})`;
  const mark = at(`${context}.attributes`, marks.altered(field.replace(".", "_")));
  return { condition, statements: [set(mark, "true", condition), set(path, soundText(path, bytes), condition)] };
}

/** What an event has to say of an exception. */
const exceptionKeys = ["exception.type", "exception.message", "exception.stacktrace", "exception.escaped"];

/** Attributes that searches and sampling go by. */
const searched = ({ jaeger }: CollectorSettings): string[] => [
  ...new Set([...requestAttributes.method, ...requestAttributes.path, ...jaeger.tags]),
];

/**
 * What events may hold, so that a span stays below Elasticsearch's limit: each of a few as many attributes as a span, each of more of them an
 * even share.
 */
export function eventBudget({ attributes, events, links }: CollectorSettings["limits"]): { few: number; attributes: number } {
  // Besides: the parent, what Jaeger stores as attributes (kind, status, scope), and marks. Of an event: itself, its name and its marks.
  const [besides, ofEvent] = [32, 5];
  const room = nestedDocuments - 3 * attributes - links - besides;
  return { few: Math.floor(room / (attributes + ofEvent)), attributes: Math.floor(room / events) - ofEvent };
}

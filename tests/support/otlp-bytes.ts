/** OTLP as protobuf, written and read by hand: no library writes text that is no UTF-8, or tells it apart when it reads. */

/** Text, as bytes in hexadecimal where it is no UTF-8. */
export type Text = string | { readonly raw: string };

/** A value of an attribute: an integer is a bigint, and a number always a double. */
export type Value = Text | boolean | bigint | number | null | readonly Value[] | { readonly map: Attributes } | { readonly bytes: string };

/** Attributes in their order; a key may come twice. */
export type Attributes = readonly (readonly [Text, Value])[];

export interface Event {
  readonly time?: bigint;
  readonly name?: Text;
  readonly attributes?: Attributes;
  readonly droppedAttributes?: number;
}

export interface Link {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly attributes?: Attributes;
}

export interface Span {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: Text;
  readonly parentId?: string;
  readonly name?: Text;
  readonly kind?: number;
  readonly start?: bigint;
  readonly end?: bigint;
  readonly attributes?: Attributes;
  readonly droppedAttributes?: number;
  readonly events?: readonly Event[];
  readonly droppedEvents?: number;
  readonly links?: readonly Link[];
  readonly droppedLinks?: number;
  readonly status?: { readonly message?: Text; readonly code?: number };
  readonly flags?: number;
}

/** A request of one resource and one scope. */
export interface Request {
  readonly resource?: { readonly attributes?: Attributes; readonly droppedAttributes?: number };
  readonly scope?: { readonly name?: Text; readonly version?: Text; readonly attributes?: Attributes };
  readonly spans: readonly Span[];
}

type Kind = "text" | "id" | "varint" | "fixed32" | "fixed64" | "value" | "attributes" | Schema;
/** Fields by name: the number, what it holds, and whether it is repeated. */
type Schema = Readonly<Record<string, readonly [number: number, kind: Kind, repeated?: true]>>;

const event: Schema = { time: [1, "fixed64"], name: [2, "text"], attributes: [3, "attributes"], droppedAttributes: [4, "varint"] };
const link: Schema = { traceId: [1, "id"], spanId: [2, "id"], attributes: [4, "attributes"] };
const span: Schema = {
  traceId: [1, "id"],
  spanId: [2, "id"],
  traceState: [3, "text"],
  parentId: [4, "id"],
  name: [5, "text"],
  kind: [6, "varint"],
  start: [7, "fixed64"],
  end: [8, "fixed64"],
  attributes: [9, "attributes"],
  droppedAttributes: [10, "varint"],
  events: [11, event, true],
  droppedEvents: [12, "varint"],
  links: [13, link, true],
  droppedLinks: [14, "varint"],
  status: [15, { message: [2, "text"], code: [3, "varint"] }],
  flags: [16, "fixed32"],
};
const scopeSpans: Schema = {
  scope: [1, { name: [1, "text"], version: [2, "text"], attributes: [3, "attributes"] }],
  spans: [2, span, true],
};
const resourceSpans: Schema = {
  resource: [1, { attributes: [1, "attributes"], droppedAttributes: [2, "varint"] }],
  scopes: [2, scopeSpans, true],
};
const traces: Schema = { resources: [1, resourceSpans, true] };

const varint = (value: bigint): Buffer => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
};
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const tag = (number: number, type: number) => varint(BigInt(number * 8 + type));
const field = (number: number, content: Buffer) => Buffer.concat([tag(number, wire.bytes), varint(BigInt(content.length)), content]);
const fixed = (number: number, size: 4 | 8, write: (buffer: Buffer) => void) => {
  const buffer = Buffer.alloc(size);
  write(buffer);
  return Buffer.concat([tag(number, size === 4 ? wire.fixed32 : wire.fixed64), buffer]);
};
const bytesOf = (text: Text) => (typeof text === "string" ? Buffer.from(text) : Buffer.from(text.raw, "hex"));

function ofValue(value: Value): Buffer {
  if (value === null) return Buffer.alloc(0);
  if (typeof value === "string") return field(1, Buffer.from(value));
  if (typeof value === "boolean") return Buffer.concat([tag(2, wire.varint), varint(value ? 1n : 0n)]);
  if (typeof value === "bigint") return Buffer.concat([tag(3, wire.varint), varint(value)]);
  if (typeof value === "number") return fixed(4, 8, (buffer) => buffer.writeDoubleLE(value));
  if (isList(value)) return field(5, Buffer.concat(value.map((one) => field(1, ofValue(one)))));
  if ("map" in value) return field(6, ofAttributes(1, value.map));
  return "bytes" in value ? field(7, Buffer.from(value.bytes, "hex")) : field(1, bytesOf(value));
}
/** Whether a value is a list. */
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

const ofAttributes = (number: number, attributes: Attributes): Buffer =>
  Buffer.concat(attributes.map(([key, value]) => field(number, Buffer.concat([field(1, bytesOf(key)), field(2, ofValue(value))]))));

function encode(schema: Schema, message: Readonly<Record<string, unknown>>): Buffer {
  const parts = Object.entries(schema).flatMap(([name, [number, kind, repeated]]) => {
    const value = message[name];
    if (value === undefined) return [];
    return (repeated ? (value as unknown[]) : [value]).map((one) => encodeField(number, kind, one));
  });
  return Buffer.concat(parts);
}

function encodeField(number: number, kind: Kind, value: unknown): Buffer {
  if (typeof kind === "object") return field(number, encode(kind, value as Record<string, unknown>));
  if (kind === "text") return field(number, bytesOf(value as Text));
  if (kind === "id") return field(number, Buffer.from(value as string, "hex"));
  if (kind === "varint") return Buffer.concat([tag(number, wire.varint), varint(BigInt(value as number))]);
  if (kind === "fixed32") return fixed(number, 4, (buffer) => buffer.writeUInt32LE(value as number));
  if (kind === "fixed64") return fixed(number, 8, (buffer) => buffer.writeBigUInt64LE(value as bigint));
  if (kind === "attributes") return ofAttributes(number, value as Attributes);
  return field(number, ofValue(value as Value));
}

/** Fields of a message in their order: number, and content or number. */
function* fieldsOf(buffer: Buffer): Generator<readonly [number: number, value: Buffer | bigint]> {
  let at = 0;
  const readVarint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (count: number) => buffer.subarray(at, (at += count));
  while (at < buffer.length) {
    const key = Number(readVarint());
    const type = key % 8;
    const size = type === wire.fixed32 ? 4 : type === wire.fixed64 ? 8 : 0;
    yield [Math.floor(key / 8), type === wire.varint ? readVarint() : take(size || Number(readVarint()))];
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Text from its bytes. */
export function textOf(buffer: Buffer): Text {
  try {
    return strict.decode(buffer);
  } catch {
    return { raw: buffer.toString("hex") };
  }
}

function valueOf(buffer: Buffer): Value {
  for (const [number, value] of fieldsOf(buffer)) {
    if (number === 2) return value === 1n;
    if (number === 3) return BigInt.asIntN(64, value as bigint);
    const content = value as Buffer;
    if (number === 1) return textOf(content);
    if (number === 4) return content.readDoubleLE();
    if (number === 5) return [...fieldsOf(content)].map(([, one]) => valueOf(one as Buffer));
    if (number === 6) return { map: [...fieldsOf(content)].map(([, one]) => attributeOf(one as Buffer)) };
    return { bytes: content.toString("hex") };
  }
  return null;
}

function attributeOf(buffer: Buffer): readonly [Text, Value] {
  const fields = new Map(fieldsOf(buffer));
  return [
    textOf((fields.get(1) as Buffer | undefined) ?? Buffer.alloc(0)),
    valueOf((fields.get(2) as Buffer | undefined) ?? Buffer.alloc(0)),
  ];
}

function decode(schema: Schema, buffer: Buffer): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const byNumber = new Map(Object.entries(schema).map(([name, [number, kind, repeated]]) => [number, { name, kind, repeated }]));
  for (const [number, value] of fieldsOf(buffer)) {
    const known = byNumber.get(number);
    if (!known) throw new Error(`field ${number} is not known here`);
    const one = decodeField(known.kind, value);
    if (known.repeated || known.kind === "attributes")
      message[known.name] = [...((message[known.name] as unknown[] | undefined) ?? []), one];
    else message[known.name] = one;
  }
  return message;
}

function decodeField(kind: Kind, value: Buffer | bigint): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof kind === "object") return decode(kind, value);
  if (kind === "text") return textOf(value);
  if (kind === "id") return value.toString("hex");
  if (kind === "fixed32") return value.readUInt32LE();
  if (kind === "fixed64") return value.readBigUInt64LE();
  return kind === "attributes" ? attributeOf(value) : valueOf(value);
}

/** The bytes of a request. */
export const requestBytes = ({ resource, scope, spans }: Request): Buffer =>
  encode(traces, { resources: [{ resource, scopes: [{ scope, spans }] }] });

/** A request from its bytes. */
export function requestOf(bytes: Buffer): Request {
  const { resources } = decode(traces, bytes) as { resources: { resource?: Request["resource"]; scopes: Request[] }[] };
  const [{ resource, scopes } = { scopes: [] }] = resources;
  const [{ scope, spans } = { spans: [] }] = scopes;
  return { resource, scope, spans };
}

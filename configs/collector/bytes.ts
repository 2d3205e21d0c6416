/**
 * Bytes along the way of a span: what a request may weigh, what each hop behind takes, and what waits on disk. Every limit follows from two
 * settings, so that no hop refuses what the one before has acknowledged. docs/decisions/0020-bytes-not-spans.md has the measurements.
 */
import type { Settings } from "../stack/schema";
import { samplingTier } from "../sampling/capacity";

/** Bytes of a MiB. */
export const mebibyte = 1024 * 1024;

/**
 * How much a request may grow between the first receiver and Jaeger. The smallest spans grow most: one of 50 bytes leaves with the environment
 * and the policy as attributes, 100 bytes more. Those of Thrift shrink.
 */
const growth = 4;

/** Share of the memory limit of a service that one request may weigh, as it arrives: several are in memory at a time, decoded. */
const requestShare = 1 / 32;

/**
 * Share of the queue's volume that spans may take. The file takes up to three times as much: its pages are half full when they are written
 * one after the other, and small traces have a key and a header each.
 */
const queueShare = 1 / 4;

/** Share of the queue's volume that its file may take. The rest is for a compaction's copy, and for files that a crash leaves. */
const queueFileShare = 3 / 4;

/** Share of the memory limit that the spans of one undecided trace may weigh. */
const traceShare = 1 / 10;

type Limits = Pick<Settings, "limits">;
type Queue = Pick<Settings, "collector">;

/** The largest request that a receiver of applications takes, bytes. A larger one is refused for good. */
export const requestBytes = ({ limits }: Limits): number => limits.request * mebibyte;

/** The largest message between the tiers and to Jaeger, MiB. */
export const hopMebibytes = ({ limits }: Limits): number => limits.request * growth;

/** The largest message between the tiers and to Jaeger, bytes. */
const hopBytes = (settings: Limits): number => hopMebibytes(settings) * mebibyte;

/** What waits for Jaeger at most, on each instance that samples, bytes. */
export const queueBytes = ({ collector }: Queue): number => Math.floor(collector.queue * queueShare) * mebibyte;

/** The largest that the queue's file gets, bytes. */
export const queueFileBytes = ({ collector }: Queue): number => Math.floor(collector.queue * queueFileShare) * mebibyte;

/**
 * What Jaeger puts into one bulk request, bytes; a larger document goes alone. Elasticsearch takes 100 MiB. A span is larger there than on its
 * way, up to six times, where all of its text has to be escaped: so `limits.request` allows no span that would be refused.
 */
export const bulkBytes = 5_000_000;

/** Batches to Jaeger, bytes: complete from `min` on; `max` is the most that Jaeger takes. */
export const batchBytes = (settings: Limits): { min: number; max: number } => ({ min: mebibyte, max: hopBytes(settings) });

/**
 * The most that the spans of one undecided trace may weigh, bytes; a larger trace is given up. At least what one message brings, and no more than
 * half the queue: what does not fit in there would wait for ever.
 */
export const largestTraceBytes = (settings: Limits & Queue & Pick<Settings, "sampler">): number =>
  Math.max(
    hopBytes(settings),
    Math.min(Math.floor(samplingTier(settings).memory * traceShare) * mebibyte, Math.floor(queueBytes(settings) / 2)),
  );

/** The smallest memory limit, MiB, of a service that takes requests of some MiB. */
export const memoryForRequest = (request: number): number => request / requestShare;

/** The smallest volume of the queue, MiB, in which some MiB may wait. */
export const queueForWaiting = (waiting: number): number => Math.ceil(waiting) / queueShare;

/** The smallest volume of the queue, MiB, for requests of some MiB: two of the largest messages may wait. */
export const queueForRequest = (request: number): number => queueForWaiting(2 * request * growth);

/** Vulnerabilities that a scan finds, and the written exceptions from them: pure functions from texts. */
import { parse } from "yaml";
import * as z from "zod";
import { UserError } from "../terminal/output";

/** A known vulnerability of something in an SBOM. */
export interface Finding {
  /** Whose SBOM. */
  readonly subject: string;
  /** The scanner's id of it first, then the ids that others gave it. */
  readonly ids: readonly [string, ...string[]];
  readonly severity: string;
  readonly component: string;
  readonly version: string;
  /** Versions that mend it; empty if none does. */
  readonly fixedIn: readonly string[];
}

/** A vulnerability that is known and left for a time. */
export interface Exception {
  readonly id: string;
  /** The component that has it. */
  readonly component: string;
  /** Why it does no harm here, or why it cannot be mended yet. */
  readonly reason: string;
  /** The last day that the exception holds. */
  readonly until: string;
}

/** Severities that fail a scan. Others are counted. */
const failing: ReadonlySet<string> = new Set(["Critical", "High"]);

const report = z.object({
  matches: z.array(
    z.object({
      vulnerability: z.object({
        id: z.string().min(1),
        severity: z.string().default("Unknown"),
        fix: z.object({ versions: z.array(z.string()).nullish() }).nullish(),
      }),
      relatedVulnerabilities: z.array(z.object({ id: z.string() })).nullish(),
      artifact: z.object({ name: z.string(), version: z.string() }),
    }),
  ),
});

/** The findings in a report of Grype (`--output json`). Throws a UserError where the text is none: an empty report would look like a good one. */
export function findingsOf(subject: string, text: string): Finding[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new UserError(`${subject}: the scanner's report is not JSON`);
  }
  const parsed = report.safeParse(content);
  if (!parsed.success) throw new UserError(`${subject}: this is not a report of Grype:\n${z.prettifyError(parsed.error)}`);
  return parsed.data.matches.map(({ vulnerability, relatedVulnerabilities, artifact }) => ({
    subject,
    ids: [vulnerability.id, ...(relatedVulnerabilities ?? []).map(({ id }) => id).filter((id) => id !== vulnerability.id)],
    severity: vulnerability.severity,
    component: artifact.name,
    version: artifact.version,
    fixedIn: vulnerability.fix?.versions ?? [],
  }));
}

const day = z.iso.date();
const exceptionList = z.array(
  z.strictObject({ id: z.string().min(1), component: z.string().min(1), reason: z.string().min(20), until: day }),
);

/** The written exceptions. Throws a UserError with all that is wrong with them. */
export function exceptionsOf(text: string): readonly Exception[] {
  // A day stays a text.
  const parsed = exceptionList.safeParse(parse(text, { schema: "core" }) ?? []);
  if (!parsed.success) throw new UserError(`the list of exceptions is wrong:\n${z.prettifyError(parsed.error)}`);
  const keys = parsed.data.map(({ id, component }) => `${id} of ${component}`);
  const twice = keys.filter((key, i) => keys.indexOf(key) !== i);
  if (twice.length > 0) throw new UserError(`the list of exceptions has ${twice.join(", ")} twice`);
  return parsed.data;
}

export interface Verdict {
  /** Severe findings without a valid exception. They fail the scan. */
  readonly open: readonly (Finding & { readonly expired?: Exception })[];
  readonly excepted: readonly Finding[];
  /** Not severe enough to fail. */
  readonly minor: readonly Finding[];
  /** Exceptions that nothing needs any more. */
  readonly unused: readonly Exception[];
}

/** @param today Such as `2026-11-30`. */
export function judge(findings: readonly Finding[], exceptions: readonly Exception[], today: string): Verdict {
  const exceptionOf = ({ ids, component }: Finding) =>
    exceptions.find((exception) => exception.component === component && ids.includes(exception.id));
  const severe = findings.filter(({ severity }) => failing.has(severity));
  const holds = (exception: Exception | undefined) => exception !== undefined && exception.until >= today;
  return {
    open: severe
      .filter((finding) => !holds(exceptionOf(finding)))
      .map((finding) => {
        const expired = exceptionOf(finding);
        return expired ? { ...finding, expired } : finding;
      }),
    excepted: severe.filter((finding) => holds(exceptionOf(finding))),
    minor: findings.filter(({ severity }) => !failing.has(severity)),
    unused: exceptions.filter((exception) => !severe.some((finding) => exceptionOf(finding) === exception)),
  };
}

/** The type of an alert, and the alert that most programs have: instances that do not answer. */
import { compact } from "../../compact";
import { series, type Job, type Matchers } from "../metrics";
import { total } from "../promql";

/** An alert: how long its expression must hold, what it means, and what to look at first. `value` is a template of the found value. */
export interface Alert {
  /** Several rules may have one name, each for another severity or service. */
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  /** `none`: notifies nobody (the watchdog). */
  readonly severity: "critical" | "warning" | "none";
  /** The service it is about, if the expression has no such label. */
  readonly service?: string;
  readonly summary: string;
  readonly value: string;
  readonly first: string;
  /** Outages that explain it. It is muted while one of them has a critical alert. */
  readonly follows?: readonly Cause[];
  /** How long an outage explains it after its end: as long as its window contains the outage. Default: five minutes. */
  readonly remembers?: Memory;
  /** Labels in addition to those of every alert. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A time after an outage: see {@link Alert.remembers}. */
export type Memory = "0m" | "5m" | "1h" | "6h";

/** An outage, by its critical alert; `service` is that of the alert, where it has one. */
export interface Cause {
  readonly name: string;
  readonly service?: string;
}

/** Instances of a service that are scraped under a job. */
export interface Watched {
  readonly job: Exclude<Job, "kubelet">;
  readonly service: string;
  /** Which of the job's targets they are; left out where they are all. */
  readonly labels?: Matchers<"up">;
  /** How many there are to be. */
  readonly replicas: number;
}

/**
 * Critical where no instance answers, or Prometheus knows none. A warning where some do: whoever is left does the work, so that is for the
 * morning. Instances that were never made count too.
 */
export function down(
  { job, service, labels = {}, replicas }: Watched,
  text: Pick<Alert, "name" | "first" | "follows"> & { readonly none: string; readonly some: string },
): Alert[] {
  const up = series("up", labels, [job]);
  const value = `{{ $value }} of ${replicas} instances of ${service} answer.`;
  const common = { name: text.name, for: "2m", service, value, first: text.first, follows: text.follows };
  return compact([
    { ...common, expr: `${total(up)} == 0`, severity: "critical", summary: text.none },
    replicas > 1 && { ...common, expr: `(sum(${up}) > 0) < ${replicas}`, severity: "warning", summary: text.some },
  ]);
}

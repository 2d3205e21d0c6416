/** Whether certificates end soon, by what the setup reports of their files. */
import type { Alert } from "./alert";
import { collectorDown } from "./causes";
import { watchedSecrets } from "../../elasticsearch/certificates";
import { series } from "../metrics";
import type { StackSettings } from "../../stack/schema";

/** Days before its end from which on a certificate needs somebody. cert-manager renews it 30 days before. */
const left = { warning: 21, critical: 7 } as const;

/** Of the gateways' values for a certificate, the one reported last is the latest end: a gateway keeps an older one for a while. */
const remaining = `max by (certificate) (last_over_time(${series("certificateExpiry")}[1h])) - time()`;

const unknown = `max(absent_over_time(${series("certificateExpiry")}[1h]))`;

export function certificateAlerts(settings: StackSettings): readonly Alert[] {
  if (watchedSecrets(settings).length === 0) return [];
  const days = (count: number) => count * 86_400;
  const common = {
    name: "CertificateExpiring",
    for: "1h",
    value: "{{ $labels.certificate }} ends in {{ $value | humanizeDuration }} (1s: none has been reported for an hour).",
    first: `\`kubectl -n ${settings.kubernetes.namespace} describe certificate\`: why is it not renewed?`,
    follows: [collectorDown],
  } as const;
  return [
    {
      ...common,
      expr: `${remaining} < ${days(left.warning)} or ${unknown}`,
      severity: "warning",
      summary: `A certificate ends within ${left.warning} days, and has not been renewed`,
    },
    {
      ...common,
      expr: `${remaining} < ${days(left.critical)}`,
      severity: "critical",
      summary: `A certificate ends within ${left.critical} days: after that, its service is not connected to any more`,
    },
  ];
}

/** When the stack's certificates end, as the setup reports it: it looks each minute, and its image has a bash. */
import { compact } from "../compact";
import type { Gauge } from "../reported-gauges";
import type { ElasticsearchSettings, Settings } from "../stack/schema";
import { authorityOf, tierCertificateSecret } from "../topology/kubernetes";
import { files, paths } from "../topology/ports";
import { ingestCertificateSecret, takesTls } from "../ingest/tls";
import { listensBy } from "../topology/tls";
import type { ServiceName } from "../topology/topology";

/** Unix time at which a certificate ends, by Secret and file. */
export const certificateGauge = { name: "tracing.certificate.expiry.timestamp", unit: "s" } as const satisfies Gauge;

/** Services with certificates for connections within the stack. Which of them a stack has, the setup need not know: a Secret that is not there is not looked at. */
export const certified = [
  "otel-collector",
  "otel-sampler",
  "jaeger",
  "jaeger-collector",
  "prometheus",
  "alertmanager",
] as const satisfies readonly ServiceName[];

/** The Secrets whose certificates are watched. */
export function watchedSecrets({ ingest, ...settings }: ElasticsearchSettings & Partial<Pick<Settings, "ingest">>): string[] {
  const { external } = settings.elasticsearch;
  const own = external ? undefined : authorityOf(settings);
  const clientAuthority = ingest?.tls.clientAuthoritySecret;
  return compact([
    own,
    ...(listensBy(settings, "tls") ? certified.map(tierCertificateSecret) : []),
    ingest && takesTls({ ingest }) && ingestCertificateSecret,
    clientAuthority === own ? undefined : clientAuthority,
  ]);
}

/** The folder of a watched Secret. */
export const watchedFolder = (secret: string): string => `${paths.watchedCertificates}/${secret}`;

/** The files of a watched Secret: never its key. */
export const watchedFiles = [files.certificate, files.authority] as const;

/**
 * `certificates`, which prints the gauge with a point for each watched file, as a part of a report. For a bash with the usual tools: openssl is not
 * among them, so the end is read from the certificate's bytes: a SEQUENCE of two times (RFC 5280, 4.1.2.5), the only one of its kind.
 */
export const certificatesFunction = `# Unix time at which the first certificate of a file ends.
expiry() {
  local bytes time digits='(3[0-9]){12,14}5a' end
  bytes=$(sed -n '/^-----BEGIN/,/^-----END/{/^-----END/q;/^-----/!p}' "$1" | base64 -d | od -An -v -tx1 | tr -d ' \\n')
  [[ $bytes =~ 30(1e|20|22)(170d|180f)\${digits}(170d|180f)((3[0-9]){12,14})5a ]] || return
  # The digits of a text have 3 before each; years of two digits are of this century.
  end=\${BASH_REMATCH[5]}
  time=$(sed 's/3\\(.\\)/\\1/g' <<<"$end")
  ((\${#time} == 14)) || time=20$time
  date -u -d "\${time:0:4}-\${time:4:2}-\${time:6:2} \${time:8:2}:\${time:10:2}:\${time:12:2}" +%s
}

certificates() {
  local file end points=
  for file in ${paths.watchedCertificates}/*/*.crt; do
    end=$(expiry "$file" 2>/dev/null) || continue
    points+=",{\\"asInt\\":\\"$end\\",\\"timeUnixNano\\":\\"$(date +%s)000000000\\",\\"attributes\\":[{\\"key\\":\\"certificate\\",\\"value\\":{\\"stringValue\\":\\"\${file#${paths.watchedCertificates}/}\\"}}]}"
  done
  [ -z "$points" ] || printf ',{"name":"%s","unit":"%s","gauge":{"dataPoints":[%s]}}' ${certificateGauge.name} ${certificateGauge.unit} "\${points#,}"
}`;

/** How the canary's script sends and asks over HTTP: by what a busybox has, or by curl, which verifies the certificate of a server with TLS. */
import { addressFunction } from "../busybox";
import { portOf } from "../topology/kubernetes";
import type { Addresses } from "../topology/topology";

/** Seconds that the Collector and Jaeger have for an answer. The own limit of Debian's wget (`-T`) ends it by a segmentation fault. */
const patience = { collector: 5, jaeger: 2 } as const;

/** The parts of the script that depend on the program. */
export interface Client {
  readonly shell: "sh" | "bash";
  /** `post`, which sends JSON to an address, and `submit`, which sends a trace with a token, where there is one. */
  readonly functions: string;
  /** Looks up hosts before a trace is sent, and before a report. */
  readonly lookUp: { readonly trace: string; readonly report: string };
  /** Addresses as words of the script. */
  readonly url: { readonly traces: string; readonly reports: string };
  /** A command whose output is what Jaeger answers about trace $1. */
  readonly ask: string;
  /** Pattern of an answer of Jaeger's without a trace, as opposed to none. */
  readonly answered: string;
}

type Partners = Pick<Addresses, "collectorOtlpHttp" | "collectorReports" | "jaegerQuery" | "jaegerAuthority">;

const tracesPath = "/v1/traces";
const reportsPath = "/v1/metrics";
const lookPath = "/api/v3/traces/$1";

/** `submit` for a busybox. wget takes a header as an argument only, which others could read. */
const busyboxSubmit = (address: string, tokenFile: string | undefined): string =>
  tokenFile === undefined
    ? ""
    : `# Sends a trace with the stack's token, which is in no process' arguments; what was said otherwise is in $why.
submit() {
  why=$({
    printf 'POST ${tracesPath} HTTP/1.0\\r\\nHost: ${new URL(address).hostname}\\r\\nContent-Type: application/json\\r\\nContent-Length: %s\\r\\nAuthorization: Bearer ' "\${#1}"
    cat ${tokenFile}
    printf '\\r\\n\\r\\n%s' "$1"
  } | timeout ${patience.collector} nc "$collector" ${portOf(address)} 2>&1)
  case $why in 'HTTP/1.'?' 200'*) return 0 ;; esac
  why=$(echo "$why" | head -n 1)
  return 1
}

`;

/** For a busybox, official or Debian's. It cannot verify a certificate. */
export function busyboxClient({ collectorOtlpHttp, collectorReports, jaegerQuery }: Partners, tokenFile: string | undefined): Client {
  const host = (url: string) => new URL(url).hostname;
  const at = (url: string, variable: string, path: string) => `"http://$${variable}:${portOf(url)}${path}"`;
  return {
    shell: "sh",
    functions: `${addressFunction}

# Sends JSON to the Collector; what it said otherwise is in $why.
post() {
  why=$(timeout ${patience.collector} wget -q -O /dev/null --header 'Content-Type: application/json' --post-data "$2" "$1" 2>&1)
}

${busyboxSubmit(collectorOtlpHttp, tokenFile)}`,
    lookUp: {
      trace: `  # A name is looked up each time: on Kubernetes it may stand for another address by now.
  collector=$(address ${host(collectorOtlpHttp)})
  jaeger=$(address ${host(jaegerQuery)})
`,
      report: `  reports=$(address ${host(collectorReports)})
`,
    },
    url: { traces: at(collectorOtlpHttp, "collector", tracesPath), reports: at(collectorReports, "reports", reportsPath) },
    ask: `timeout ${patience.jaeger} wget -q -O - ${at(jaegerQuery, "jaeger", lookPath)} 2>&1`,
    answered: "*'server returned error: HTTP/'*",
  };
}

/**
 * For a bash with curl, which looks names up itself.
 *
 * @param proxyAuthority File with the authority of the proxy's certificate, if it takes TLS; where the file is not there, a public one is trusted.
 */
export function curlClient(
  { collectorOtlpHttp, collectorReports, jaegerQuery, jaegerAuthority }: Partners,
  tokenFile: string | undefined,
  proxyAuthority: string | undefined,
): Client {
  const curl = "curl --silent --show-error";
  const post = `${curl} --fail --output /dev/null --max-time ${patience.collector} --header 'Content-Type: application/json'`;
  const traces = `"${collectorOtlpHttp}${tracesPath}"`;
  const trust = jaegerAuthority === undefined ? "" : ` --cacert ${jaegerAuthority}`;
  const submit = `# Sends a trace with the stack's token, which is in no process' arguments; what was said otherwise is in $why.
submit() {
${proxyAuthority === undefined ? "" : `  local trust=()\n  [ ! -s ${proxyAuthority} ] || trust=(--cacert ${proxyAuthority})\n`}  why=$(${post}${proxyAuthority === undefined ? "" : ' "${trust[@]}"'} \\
    --config <(printf 'header = "Authorization: Bearer %s"' "$(<${tokenFile ?? ""})") --data-binary "$1" ${traces} 2>&1)
}

`;
  return {
    shell: "bash",
    functions: `# Sends JSON to the Collector; what it said otherwise is in $why.
post() {
  why=$(${post} --data-binary "$2" "$1" 2>&1)
}

${tokenFile === undefined ? "" : submit}`,
    lookUp: { trace: "", report: "" },
    url: { traces, reports: `"${collectorReports}${reportsPath}"` },
    // Behind an answer stands its status, which is 000 if there was none.
    ask: `${curl} --max-time ${patience.jaeger}${trust} --write-out 'HTTP/%{http_code}' "${jaegerQuery}${lookPath}" 2>&1`,
    answered: "*HTTP/[1-5][0-9][0-9]",
  };
}

/** TLS between the services of the stack. docs/decisions/0041-tls-between-tiers.md gives the reasons. */
import type { CommonSettings } from "../stack/schema";

/** How a connection is made. */
export type Transport = "plain" | "tls";

/** The transports that a server is open for, and the one that clients use. */
interface Mode {
  readonly listens: readonly Transport[];
  readonly sends: Transport;
}

/** By `tracing:kubernetes.tls.mode`. Between two neighbours of this list, each client of either finds a listener of the other. */
const modes: Readonly<Record<NonNullable<CommonSettings["kubernetes"]["tls"]["mode"]>, Mode>> = {
  off: { listens: ["plain"], sends: "plain" },
  accept: { listens: ["plain", "tls"], sends: "plain" },
  both: { listens: ["plain", "tls"], sends: "tls" },
  on: { listens: ["tls"], sends: "tls" },
};

type TlsSettings = Pick<CommonSettings, "kubernetes">;

const modeOf = ({ kubernetes }: TlsSettings): Mode => modes[kubernetes.tls.mode ?? "off"];

/** Whether servers are open for a transport. */
export const listensBy = (settings: TlsSettings, transport: Transport): boolean => modeOf(settings).listens.includes(transport);

/** Whether clients use TLS. */
export const sendsByTls = (settings: TlsSettings): boolean => modeOf(settings).sends === "tls";

/** Those ports of a server that are open: the one for plain text, the one for TLS, or both. */
export const openPorts = (settings: TlsSettings, plain: number, tls: number): number[] =>
  modeOf(settings).listens.map((transport) => (transport === "tls" ? tls : plain));

/** The ports of a server that the tiers send to: plain, TLS, or both. */
export const tierPorts = (settings: TlsSettings, { otlpGrpc, otlpGrpcTls }: TierPorts): number[] =>
  openPorts(settings, otlpGrpc, otlpGrpcTls);

/** A server's ports for spans from the tier before it. */
export interface TierPorts {
  readonly otlpGrpc: number;
  readonly otlpGrpcTls: number;
}

/** A port on this machine's loopback that speaks plain text, in front of one that speaks TLS: commands then need no certificates. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { connect } from "node:tls";

/** The server behind a bridge. */
export interface TlsServer {
  /** Port on loopback that leads to it. */
  readonly port: number;
  /** The name that its certificate must have. */
  readonly name: string;
  /** The authority that it trusts, PEM. Default: the public ones. */
  readonly authority?: string | undefined;
  /** What it speaks inside of TLS. */
  readonly protocol: "h2" | "http/1.1";
}

/** Accepts connections on loopback, and hands on what it gets by TLS. A server that is not the right one gets nothing. */
export class TlsBridge {
  private constructor(
    private readonly server: Server,
    private readonly open: ReadonlySet<Socket>,
    readonly port: number,
  ) {}

  /**
   * Starts a bridge.
   *
   * @param local The port to listen on. Default: any free one.
   */
  static async to({ port, name, authority, protocol }: TlsServer, local = 0): Promise<TlsBridge> {
    const open = new Set<Socket>();
    const server = createServer((client) => {
      const behind = connect({
        host: "127.0.0.1",
        port,
        servername: name,
        ca: authority,
        ALPNProtocols: [protocol],
        minVersion: "TLSv1.2",
      });
      for (const [one, other] of [
        [client, behind],
        [behind, client],
      ] as const) {
        open.add(one);
        one.on("close", () => {
          open.delete(one);
          other.destroy();
        });
        // The end follows; the other side learns of it.
        one.on("error", () => undefined);
      }
      // Nothing is sent before the certificate has been verified.
      behind.on("secureConnect", () => client.pipe(behind).pipe(client));
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen({ host: "127.0.0.1", port: local }, resolve));
    return new TlsBridge(server, open, (server.address() as AddressInfo).port);
  }

  close(): void {
    this.server.close();
    this.open.forEach((socket) => socket.destroy());
  }
}

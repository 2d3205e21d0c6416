/** What passes between two programs: a capture, as whoever can read the network between them has it. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A relay that keeps all bytes of both directions. */
export interface Recorder {
  readonly port: number;
  /** All that has passed, as text of one byte a character. */
  text: () => string;
  /** Ends all connections: both sides must make new ones. */
  cut: () => void;
  close: () => void;
}

/** Listens on a free port and relays to another, of a host that is loopback unless given; the port may be told later. */
export async function recorder(target: () => number, host = "127.0.0.1"): Promise<Recorder> {
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  };
  const server = createServer((near) => {
    const far = connect(target(), host);
    [near, far].forEach(keep);
    near.pipe(far).pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    text: () => Buffer.concat(chunks).toString("latin1"),
    cut,
    close: () => {
      server.close();
      cut();
    },
  };
}

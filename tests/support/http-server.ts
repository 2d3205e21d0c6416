import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** Answers a request, whose body has been read. */
export type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  /** Ends its connections too. */
  readonly close: () => Promise<void>;
}

/** Starts an HTTP server on loopback. Default: on a free port. */
export async function httpServer(handle: Handler, wanted = 0): Promise<HttpServer> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => handle(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(wanted, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port, url: `http://127.0.0.1:${port}`, close };
}

/** Clients that ask a page once, by a connection of their own, and tell what came of it. */
import { request as plainRequest } from "node:http";
import { request as secureRequest, type Agent } from "node:https";
import { connect } from "node:tls";

export interface Asked {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Whom a client with TLS trusts, and the name that it checks. */
  readonly authority?: Buffer;
  readonly name?: string;
  /** Connections that are used again. Default: the request has one of its own. */
  readonly agent?: Agent;
}

/** The text of the answer, or the code of the error. */
export const ask = ({ scheme, host, port, path, authority, name, agent }: Asked): Promise<string> =>
  new Promise((resolve) => {
    const options = { host, port, path, agent: agent ?? false, timeout: 5000 };
    const request = scheme === "https:" ? secureRequest({ ...options, ca: authority, servername: name }) : plainRequest(options);
    request
      .on("response", (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString())).on("end", () => resolve(text));
      })
      .on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .end();
  });

/** The serial number of the certificate that a server shows. */
export const servedSerial = (port: number, host: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });

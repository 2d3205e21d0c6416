/** The other end of a webhook: takes Alertmanager's messages about a stack while its alerts are provoked, and their times. */
import { createServer, type Server } from "node:http";
import { holds } from "../machine/retry";
import { UserError } from "../terminal/output";

/** A message, as Alertmanager sends it to a webhook: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. */
export interface Message {
  readonly alert: string;
  readonly status: "firing" | "resolved";
  /** When it came, in milliseconds. */
  readonly at: number;
}

/** A body larger than this is no message of a stack's. */
const longest = 1024 * 1024;

/** Listens from `listen` to `close`. What is no message of Alertmanager's is refused with 400. */
export class Messages {
  readonly all: Message[] = [];

  private constructor(private readonly server: Server) {}

  /**
   * @param address Host and port. The stack's Alertmanager has to reach it: on Docker the gateway of one of its networks.
   * @throws UserError where nothing can listen there.
   */
  static async listen(address: string): Promise<Messages> {
    const cut = address.lastIndexOf(":");
    const server = createServer();
    const messages = new Messages(server);
    server.on("request", (request, response) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => {
        body += chunk;
        if (body.length > longest) request.destroy();
      });
      request.on("end", () => {
        const message = read(body);
        if (message) messages.all.push(message);
        response.writeHead(message ? 200 : 400).end();
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(new UserError(`LISTEN: cannot listen at ${address}: ${error.message}`)));
      server.listen(Number(address.slice(cut + 1)), address.slice(0, cut).replace(/^\[|\]$/g, ""), resolve);
    });
    return messages;
  }

  /** Messages about an alert that came after a time. */
  about(alert: string, since: number): readonly Message[] {
    return this.all.filter((message) => message.alert === alert && message.at >= since);
  }

  /** When the first message of a status about an alert came after a time; undefined where none did for so many milliseconds from now. */
  async first(alert: string, status: Message["status"], since: number, patience: number, signal: AbortSignal): Promise<number | undefined> {
    const came = () => this.about(alert, since).find((message) => message.status === status)?.at;
    await holds(() => Promise.resolve(signal.aborted || came() !== undefined), { within: patience });
    return came();
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

function read(body: string): Message | undefined {
  try {
    const { status, groupLabels } = JSON.parse(body) as { status?: unknown; groupLabels?: { alertname?: unknown } };
    const alert = groupLabels?.alertname;
    return typeof alert === "string" && (status === "firing" || status === "resolved") ? { alert, status, at: Date.now() } : undefined;
  } catch {
    return undefined;
  }
}

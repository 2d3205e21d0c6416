/** A DNS server that knows one name, or does not. */
import { createSocket, type Socket } from "node:dgram";

const answersAuthoritatively = 0x8580;
const nameError = 0x0003;
const [typeA, classInternet] = [1, 1];

/** Answers questions for an IPv4 address, whatever the name. */
export class Dns {
  /** What the name leads to; undefined: there is no such name. */
  address: string | undefined;
  private readonly socket: Socket = createSocket("udp4");

  /** Begins to answer; returns `host:port`. */
  async start(): Promise<string> {
    this.socket.on("message", (question, { address, port }) => this.socket.send(this.answer(question), port, address));
    await new Promise<void>((resolve) => this.socket.bind(0, "127.0.0.1", resolve));
    return `127.0.0.1:${this.socket.address().port}`;
  }

  stop(): void {
    this.socket.close();
  }

  private answer(question: Buffer): Buffer {
    const nameEnd = question.indexOf(0, 12) + 1;
    const type = question.readUInt16BE(nameEnd);
    const found = this.address !== undefined && type === typeA;
    const head = Buffer.alloc(12);
    question.copy(head, 0, 0, 2);
    head.writeUInt16BE(answersAuthoritatively | (this.address === undefined ? nameError : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(found ? 1 : 0, 6);
    const asked = question.subarray(12, nameEnd + 4);
    if (!found) return Buffer.concat([head, asked]);
    // The name by its place in the message, type, class, a second to live, four bytes.
    const record = Buffer.from([0xc0, 12, 0, typeA, 0, classInternet, 0, 0, 0, 1, 0, 4, ...this.address!.split(".").map(Number)]);
    return Buffer.concat([head, asked, record]);
  }
}

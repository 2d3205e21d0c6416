import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** What the stand-in does with what it is asked: all well, documents rejected one by one, or nothing done at all. */
export type Mood = "well" | "rejects" | "fails";

/** A stand-in for Elasticsearch, as far as Jaeger's start, writes and searches go. */
export async function standIn(): Promise<{ readonly url: string; mood: Mood; close: () => Promise<unknown> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = request.url ?? "";
      const body = Buffer.concat(chunks);
      const work = path.startsWith("/_bulk") || path.includes("/_search");
      response.setHeader("Content-Type", "application/json").setHeader("X-Elastic-Product", "Elasticsearch");
      response.statusCode = work && self.mood === "fails" ? 503 : 200;
      const plain = () => (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString();
      const other = path.includes("flat_settings") ? {} : { version: { number: "8.19.0" }, acknowledged: true };
      const answer = path.startsWith("/_bulk") ? bulk(plain(), self.mood) : other;
      response.end(request.method === "HEAD" ? "" : JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const self = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mood: "well" as Mood,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}

/** The answer to a bulk request: two lines a document. */
function bulk(body: string, mood: Mood): object {
  const item = mood === "rejects" ? { status: 400, error: { type: "x", reason: "x" } } : { status: 201, result: "created" };
  const documents = body.trim().split("\n").length / 2;
  return { took: 1, errors: mood === "rejects", items: Array.from({ length: documents }, () => ({ index: item })) };
}

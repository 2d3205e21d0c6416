import { gunzipSync } from "node:zlib";
import { httpServer, type HttpServer } from "../../support/http-server";

/** What the stand-in does with what it is asked: all well, documents rejected one by one, or nothing done at all. */
export type Mood = "well" | "rejects" | "fails";

/**
 * A stand-in for Elasticsearch, as far as Jaeger's start, writes and searches go.
 *
 * @param stores Is given the text of each bulk request that is taken.
 * @param found The answer to each search. Default: nothing is found.
 */
export async function standIn(stores: (bulk: string) => void = () => undefined, found: object = {}): Promise<HttpServer & { mood: Mood }> {
  const self = { mood: "well" as Mood };
  const server = await httpServer((request, response, body) => {
    const path = request.url ?? "";
    const work = path.startsWith("/_bulk") || path.includes("/_search");
    response.setHeader("Content-Type", "application/json").setHeader("X-Elastic-Product", "Elasticsearch");
    response.statusCode = work && self.mood === "fails" ? 503 : 200;
    const plain = () => (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString();
    const other = path.includes("flat_settings") ? {} : { version: { number: "8.19.0" }, acknowledged: true, ...found };
    if (path.startsWith("/_bulk") && self.mood === "well") stores(plain());
    const answer = path.startsWith("/_bulk") ? bulk(plain(), self.mood) : other;
    response.end(request.method === "HEAD" ? "" : JSON.stringify(answer));
  });
  return Object.assign(self, server);
}

/** The answer to a bulk request: two lines a document. */
function bulk(body: string, mood: Mood): object {
  const item = mood === "rejects" ? { status: 400, error: { type: "x", reason: "x" } } : { status: 201, result: "created" };
  const documents = body.trim().split("\n").length / 2;
  return { took: 1, errors: mood === "rejects", items: Array.from({ length: documents }, () => ({ index: item })) };
}

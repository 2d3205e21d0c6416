/** Requests to the stack's Elasticsearch, as its user. */
import type { Settings } from "../../configs/stack/schema";
import { superuser } from "../../configs/elasticsearch/users";
import { publishedUrl } from "../../configs/topology/docker";

/** The header that logs a user in. */
export const loginHeader = (user: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

/** Sends a request to a path of Elasticsearch's; what its answer means is for the caller to say. */
export function askElasticsearch(settings: Settings, password: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${publishedUrl(settings, "elasticsearch")}${path}`, {
    ...init,
    headers: { ...(init.headers as Record<string, string> | undefined), ...loginHeader(superuser, password) },
  });
}

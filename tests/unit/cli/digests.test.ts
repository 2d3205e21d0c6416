/** Rung: unit. Digests of images, from a registry that this test plays; and how they get into the list of images. */
import { createHash } from "node:crypto";
import { type IncomingMessage, type ServerResponse } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { images } from "../../../configs/images";
import { digestOf, withDigests } from "../../../cli/supply-chain/digests";
import { projectFolder } from "../../../render/record";
import { httpServer, type HttpServer } from "../../support/http-server";

const index = '{"schemaVersion":2,"manifests":[]}';
const digest = `sha256:${createHash("sha256").update(index).digest("hex")}`;

let server: HttpServer;
let host: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: string[];
beforeAll(async () => {
  server = await httpServer((request, response) => {
    asked.push(String(request.url));
    answer(request, response);
  });
  host = `127.0.0.1:${server.port}`;
});
beforeEach(() => (asked = []));
afterAll(() => server.close());

const give = (response: ServerResponse) => response.end(index);
const challenge = (value: string) => (response: ServerResponse) => response.writeHead(401, { "www-authenticate": value }).end();

test("a digest is the hash of what the tag leads to, and an index is asked for first", async () => {
  let accepted = "";
  answer = ({ headers }, response) => {
    accepted = String(headers.accept);
    give(response);
  };
  expect(await digestOf(`${host}/library/busybox:1.37.0-musl`)).toBe(digest);
  expect(asked).toEqual(["/v2/library/busybox/manifests/1.37.0-musl"]);
  expect(accepted).toMatch(/^application\/vnd\.oci\.image\.index/);
});

test("a token that anybody gets is fetched and used", async () => {
  answer = ({ url, headers }, response) => {
    if (url?.startsWith("/token")) response.end('{"token":"t"}');
    else if (headers.authorization === "Bearer t") give(response);
    else challenge(`Bearer realm="http://${host}/token",service="registry",scope="repository:a/b:pull"`)(response);
  };
  expect(await digestOf(`${host}/a/b:v1`)).toBe(digest);
  expect(asked[1]).toBe("/token?service=registry&scope=repository%3Aa%2Fb%3Apull");
});

test.each<[string, (response: ServerResponse) => void, string]>([
  ["has no such tag", (response) => response.writeHead(404).end(), "answers 404 Not Found"],
  ["wants a name and a password", challenge('Basic realm="registry"'), "asks for a login"],
  ["refuses after all", (response) => response.writeHead(503).end(), "answers 503"],
])("a registry that %s is told", async (_, refuse, part) => {
  answer = (__, response) => refuse(response);
  await expect(digestOf(`${host}/a/b:v1`)).rejects.toThrow(`${host}/a/b:v1: `);
  await expect(digestOf(`${host}/a/b:v1`)).rejects.toThrow(part);
});

test("a registry that gives no token to everybody asks for a login", async () => {
  answer = ({ url }, response) => {
    if (url?.startsWith("/token")) response.writeHead(403).end();
    else challenge(`Bearer realm="http://${host}/token"`)(response);
  };
  await expect(digestOf(`${host}/a/b:v1`)).rejects.toThrow("asks for a login");
});

test("a registry that cannot be reached is told, and so is a reference without a tag", async () => {
  await expect(digestOf("127.0.0.1:1/a/b:v1")).rejects.toThrow("127.0.0.1:1/a/b:v1: 127.0.0.1:1 cannot be reached");
  await expect(digestOf(`${host}/a/b`)).rejects.toThrow("names no registry, repository and tag");
});

describe("the list of images", () => {
  const source = readFileSync(join(projectFolder, "configs", "images.ts"), "utf8");
  const references = Object.values(images).map(({ official }: { official: string }) => official.split("@", 1)[0]!);
  const all = (hex: string) => new Map(references.map((reference) => [reference, `sha256:${hex.repeat(64)}`]));
  const officials = (text: string) => [...text.matchAll(/official: "([^"]+)"/g)].map(([, reference]) => reference);

  test("gets a digest for every image, and nothing else changes", () => {
    const written = withDigests(source, all("a"));
    expect(officials(written)).toEqual(references.map((reference) => `${reference}@sha256:${"a".repeat(64)}`));
    expect(written.replaceAll(`@sha256:${"a".repeat(64)}`, "")).toBe(source.replaceAll(/@sha256:[0-9a-f]{64}/g, ""));
  });

  test("gets new digests in place of old ones, and keeps those of which none is known", () => {
    const [first = "", second = ""] = references;
    const written = withDigests(withDigests(source, all("a")), new Map([[first, `sha256:${"b".repeat(64)}`]]));
    expect(officials(written).slice(0, 2)).toEqual([`${first}@sha256:${"b".repeat(64)}`, `${second}@sha256:${"a".repeat(64)}`]);
  });
});

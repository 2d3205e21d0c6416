/** The contract of Elasticsearch's image. */
import assert from "node:assert/strict";
import { request as httpRequest, type RequestOptions } from "node:http";
import { text as streamText } from "node:stream/consumers";
import { images } from "../../configs/images";
import { holds } from "../../cli/machine/retry";
import { interrupted, run } from "../lib/run";
import { imageConfig, logs, ownName, remove, runToEnd, withVolume } from "./containers";
import type { Contract, Subject } from "./contract";
import { checkEntrypoint, checkScript, checkUser } from "./small-images";

const home = "/usr/share/elasticsearch";
const password = "contract-Passw0rd";
const startSeconds = 180;

export const elasticsearch: Contract = async (subject) => {
  const { reference, check } = subject;
  await checkEntrypoint(subject, ["/bin/tini", "--", "/usr/local/bin/docker-entrypoint.sh"], ["eswrapper"]);
  await checkUser(subject, "elasticsearch");
  await check(`works in ${home}`, async () => assert.equal((await imageConfig(reference)).WorkingDir, home));
  await checkScript(subject, "has bash, curl, date and head", "exec bash -c 'set -o pipefail; curl --version; date +%s | head -c 10'");
  const write = `for dir in config data logs; do echo > ${home}/$dir/file || exit 1; done`;
  await checkScript(subject, "any user of group 0 can write config, data and logs", write, ["--user=4242:0"]);
  for (const mode of ["644", "640"]) {
    await check(`refuses a password file of mode ${mode}`, () =>
      withPassword(subject, mode, async (options) => {
        const { code, output } = await runToEnd(reference, options, []);
        assert.notEqual(code, 0);
        assert.match(output, /must have file permissions 400 or 600/);
      }),
    );
  }
  for (const mode of ["400", "600"]) {
    await check(`starts with a password file of mode ${mode}`, () =>
      withPassword(subject, mode, (options) => withNode(subject, options, mode === "600" ? checkNode : undefined)),
    );
  }
};

/** What holds of a running node. */
async function checkNode(node: Node, { check }: Subject): Promise<void> {
  await check("answers GET / with its version, and 401 without the password", async () => {
    assert.equal(await node.status(undefined), 401);
    assert.equal(await node.status("elastic:wrong"), 401);
    const { version } = (await node.request("GET", "/")) as { version: { number: string } };
    assert.equal(version.number, images.elasticsearch.tested);
  });
  await check("takes settings from the environment, as cluster.name and as ES_SETTING_NODE_NAME", async () => {
    const answer = (await node.request("GET", "/")) as { name: string; cluster_name: string };
    assert.deepEqual([answer.name, answer.cluster_name], ["one", "contract"]);
  });
  await check("honours ES_JAVA_OPTS", async () => {
    const { nodes } = (await node.request("GET", "/_nodes/_local/jvm")) as {
      nodes: Record<string, { jvm: { mem: { heap_max_in_bytes: number } } }>;
    };
    assert.equal(Object.values(nodes)[0]?.jvm.mem.heap_max_in_bytes, 384 * 1024 * 1024);
  });
  await check("shows the password in no process's arguments", async () => {
    assert.ok(!(await run("docker", ["top", node.container, "-eo", "pid,args"])).includes(password));
  });
  await check("takes an index template, documents and a search", async () => {
    const mappings = {
      dynamic_templates: [{ strings: { match_mapping_type: "string", mapping: { type: "keyword", ignore_above: 256 } } }],
    };
    await node.request(
      "PUT",
      "/_index_template/contract",
      JSON.stringify({ index_patterns: ["contract-*"], template: { settings: { number_of_replicas: 0 }, mappings } }),
    );
    const lines = [1, 2, 3].flatMap((n) => [{ index: { _index: "contract-1" } }, { n, word: `word ${n}` }]);
    const bulk = await node.request("POST", "/_bulk?refresh=true", lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    assert.equal((bulk as { errors: boolean }).errors, false);
    const found = await node.request("POST", "/contract-*/_search", JSON.stringify({ query: { term: { word: "word 2" } } }));
    assert.equal((found as { hits: { total: { value: number } } }).hits.total.value, 1);
  });
  await check("takes users and roles, and holds a user to its role", async () => {
    await node.request(
      "PUT",
      "/_security/role/contract",
      JSON.stringify({ cluster: ["monitor"], indices: [{ names: ["contract-*"], privileges: ["read"] }] }),
    );
    await node.request("PUT", "/_security/user/contract", JSON.stringify({ password, roles: ["contract"] }));
    assert.equal(await node.status(`contract:${password}`, "/contract-1/_search"), 200);
    assert.equal(await node.status(`contract:${password}`, "/_security/user"), 403);
  });
  await check("logs to standard output, one JSON object per line", async () => {
    const lines = (await logs(node.container)).split("\n").filter((line) => line.includes("log.level"));
    assert.ok(lines.length > 10, `only ${lines.length} lines`);
    for (const line of lines) JSON.parse(line);
  });
  await check("stops by itself on TERM", async () => {
    await run("docker", ["stop", "--time=60", node.container]);
    const code = (await run("docker", ["inspect", "--format={{.State.ExitCode}}", node.container])).trim();
    assert.equal(code, "143");
    assert.match(await logs(node.container), /"message":\s*"closed"/);
  });
}

/** Options that mount a file with the password, of a given mode, and name it to the entrypoint. */
function withPassword<T>({ busybox }: Subject, mode: string, action: (options: string[]) => Promise<T>): Promise<T> {
  const script = `umask 077; printf %s ${password} > /v/password; chmod ${mode} /v/password; chown ${images.elasticsearch.user.uid} /v/password; chmod 755 /v`;
  return withVolume(busybox, script, (volume) =>
    action([`--volume=${volume}:/run/secrets:ro`, "--env=ELASTIC_PASSWORD_FILE=/run/secrets/password"]),
  );
}

interface Node {
  readonly container: string;
  /** Sends a request with the password and returns the parsed answer. Throws where that is no success. */
  readonly request: (method: string, path: string, body?: string) => Promise<unknown>;
  /** The status that a user's request gets. */
  readonly status: (user: string | undefined, path?: string) => Promise<number>;
}

/** Starts a single node with security, waits until it answers, and removes it afterwards. */
async function withNode(
  subject: Subject,
  options: readonly string[],
  action?: (node: Node, subject: Subject) => Promise<void>,
): Promise<void> {
  const container = ownName("elasticsearch");
  const environment = [
    "discovery.type=single-node",
    "xpack.security.enabled=true",
    "cluster.name=contract",
    "ES_SETTING_NODE_NAME=one",
    "ES_JAVA_OPTS=-Xms384m -Xmx384m",
  ];
  try {
    await run("docker", [
      "run",
      "--detach",
      "--name",
      container,
      "--publish=127.0.0.1::9200",
      ...options,
      ...environment.map((setting) => `--env=${setting}`),
      subject.reference,
    ]);
    const [address] = (await run("docker", ["port", container, "9200/tcp"])).split("\n");
    const send = (method: string, path: string, user: string | undefined, body?: string) => {
      const contentType = path.startsWith("/_bulk") ? "application/x-ndjson" : "application/json";
      const authorization = user && { authorization: `Basic ${Buffer.from(user).toString("base64")}` };
      return request(`http://${address}${path}`, { method, headers: { "content-type": contentType, ...authorization } }, body);
    };
    const node: Node = {
      container,
      async request(method, path, body) {
        const { status, text } = await send(method, path, `elastic:${password}`, body);
        assert.ok(status >= 200 && status < 300, `${method} ${path}: ${status} ${text}`);
        return JSON.parse(text) as unknown;
      },
      status: async (user, path = "/") => (await send("GET", path, user)).status,
    };
    await untilReady(node);
    await action?.(node, subject);
  } finally {
    await remove(container);
  }
}

/** One request. Not by fetch: Node 20's never settles where the engine's proxy accepts a connection for a port that nothing listens on yet. */
function request(url: string, options: RequestOptions, body?: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const message = httpRequest(url, options, (answer) => {
      streamText(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject);
    });
    message.on("error", reject).end(body);
  });
}

/** Waits until requests succeed for a while: shortly after the first, the index of users is made, and meanwhile a right password gets 401. */
async function untilReady(node: Node): Promise<void> {
  let successes = 0;
  const ready = async () => {
    const status = await node.status(`elastic:${password}`, "/_cluster/health?wait_for_status=yellow&timeout=1s").catch(() => 0);
    successes = status === 200 ? successes + 1 : 0;
    return successes === 5;
  };
  if (await holds(ready, { within: startSeconds * 1000, every: 1000, signal: interrupted })) return;
  assert.fail(`not ready after ${startSeconds} s; it said:\n${(await logs(node.container)).slice(-2000)}`);
}

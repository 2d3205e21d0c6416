/** The contracts of the images that hold one or two programs. */
import assert from "node:assert/strict";
import { images, type ImageName } from "../../configs/images";
import { imageConfig, runToEnd, shell, withVolume } from "./containers";
import type { Contract, Subject } from "./contract";

/** What the stack's own scripts call in images with busybox. */
const tools = [
  ...["awk", "base64", "cat", "chmod", "chown", "cp", "date", "grep", "head", "mkdir"],
  ...["nc", "nslookup", "sed", "sleep", "stat", "timeout", "wget"],
];

/** The Collector's components that configurations of the stack use. */
const components = [
  ...["jaeger", "otlp", "prometheus"],
  ...["attributes", "batch", "filter", "memory_limiter", "probabilistic_sampler", "redaction", "resource", "tail_sampling", "transform"],
  ...["debug", "load_balancing", "otlp_grpc", "otlp_http", "span_metrics", "forward"],
  ...["bearertokenauth", "file_storage", "health_check", "pprof", "zpages"],
];

export async function checkEntrypoint(
  { reference, check }: Subject,
  entrypoint: readonly string[],
  command?: readonly string[],
): Promise<void> {
  await check(`entrypoint is ${entrypoint.join(" ")}${command ? `, command ${command.join(" ")}` : ""}`, async () => {
    const config = await imageConfig(reference);
    assert.deepEqual(config.Entrypoint, entrypoint);
    if (command) assert.deepEqual(config.Cmd, command);
  });
}

/** In an image with a shell. */
export async function checkUser({ reference, check }: Subject, name: ImageName): Promise<void> {
  const user = `${images[name].user.uid}:${images[name].user.gid}`;
  await check(`runs as ${user}`, async () => assert.equal(await shell(reference, "echo $(id -u):$(id -g)"), user));
}

/** A claim that a shell script in the image shows: it holds where the script succeeds. */
export async function checkScript(
  { reference, check }: Subject,
  claim: string,
  script: string,
  options: readonly string[] = [],
): Promise<void> {
  await check(claim, async () => {
    await shell(reference, script, options);
  });
}

async function checkTools(subject: Subject): Promise<void> {
  await checkScript(subject, `has a shell with ${tools.join(", ")}`, tools.map((tool) => `command -v ${tool}`).join(" && "));
}

export const collector: Contract = async (subject) => {
  const { reference, busybox, check } = subject;
  await checkEntrypoint(subject, ["/otelcol-contrib"], ["--config", "/etc/otelcol-contrib/config.yaml"]);
  const { uid, gid } = images["otel-collector"].user;
  await check(`runs as ${uid}:${gid}`, async () => assert.equal((await imageConfig(reference)).User, `${uid}:${gid}`));
  await check("has no shell", () => assert.rejects(shell(reference, "true"), /no such file|not found/));
  await check("a busybox from a volume runs in it, and finds certificate authorities there", () =>
    withVolume(busybox, "cp /bin/busybox /v/", async (volume) => {
      const { code, output } = await runToEnd(
        reference,
        [`--volume=${volume}:/probe:ro`, "--entrypoint=/probe/busybox"],
        ["grep", "-c", "BEGIN CERTIFICATE", "/etc/ssl/certs/ca-certificates.crt"],
      );
      assert.equal(code, 0, output);
      assert.ok(Number(output) > 50, `only ${output} authorities`);
    }),
  );
  await check(`has the components that configurations use (${components.length})`, async () => {
    const { output } = await runToEnd(reference, [], ["components"]);
    assert.deepEqual(
      components.filter((name) => !new RegExp(`^\\s*- name: ${name}$`, "m").test(output)),
      [],
      "these are missing",
    );
  });
};

export const jaeger: Contract = async (subject) => {
  const { reference, check } = subject;
  await checkEntrypoint(subject, ["/cmd/jaeger/jaeger-linux"]);
  await checkUser(subject, "jaeger");
  await checkTools(subject);
  await check("listens on all addresses", async () => assert.equal(await shell(reference, "echo $JAEGER_LISTEN_HOST"), "0.0.0.0"));
  await checkScript(subject, "has certificate authorities", "grep -q BEGIN /etc/ssl/certs/ca-certificates.crt");
  await checkScript(subject, "can write to /tmp, also where all else is read-only", "echo > /tmp/file", ["--read-only"]);
};

export const indexCleaner: Contract = async (subject) => {
  const { reference, check } = subject;
  await checkEntrypoint(subject, ["/go/bin/es-index-cleaner-linux"]);
  await checkUser(subject, "jaeger-es-index-cleaner");
  await checkTools(subject);
  await checkScript(
    subject,
    "its nc runs a program on a connection, which keeps the descriptors it was given",
    `
    nc -l -p 9999 127.0.0.1 -e sh -c 'read -r line; echo "$line back"' & sleep 1
    [ "$(timeout 5 nc 127.0.0.1 9999 -e sh -c 'echo there; read -r line; echo "$line" >&3' 3>&1)" = "there back" ]`,
  );
  await check("takes a number of days, an address, and flags for user, password, authority and prefix", async () => {
    const { output } = await runToEnd(reference, [], ["--help"]);
    for (const word of ["NUM_OF_DAYS", "--es.username", "--es.password", "--es.tls.ca", "--index-prefix"])
      assert.ok(output.includes(word), `no ${word}`);
  });
};

export const prometheus: Contract = async (subject) => {
  await checkEntrypoint(subject, ["/bin/prometheus"], ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]);
  await checkUser(subject, "prometheus");
  await checkTools(subject);
  await checkScript(
    subject,
    "has promtool, and a configuration that it accepts",
    "/bin/promtool check config /etc/prometheus/prometheus.yml",
  );
  await checkScript(subject, "works in /prometheus and can write there", '[ "$PWD" = /prometheus ] && echo > file');
};

export const elasticsearchExporter: Contract = async (subject) => {
  const { reference, check } = subject;
  await checkEntrypoint(subject, ["/bin/elasticsearch_exporter"]);
  await checkUser(subject, "elasticsearch-exporter");
  await checkTools(subject);
  await check("takes an address, an authority, all nodes, and a place to listen", async () => {
    const { output } = await runToEnd(reference, [], ["--help"]);
    for (const flag of ["--es.uri", "--es.ca", "--[no-]es.all", "--web.listen-address", "--log.format", "--log.level"])
      assert.ok(output.includes(flag), `no ${flag}`);
  });
};

export const alertmanager: Contract = async (subject) => {
  await checkEntrypoint(
    subject,
    ["/bin/alertmanager"],
    ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"],
  );
  await checkUser(subject, "alertmanager");
  await checkTools(subject);
  await checkScript(
    subject,
    "has amtool, and a configuration that it accepts",
    "/bin/amtool check-config /etc/alertmanager/alertmanager.yml",
  );
  await checkScript(subject, "works in /alertmanager and can write there", '[ "$PWD" = /alertmanager ] && echo > file');
};

/** The plugins that dashboards use. */
const plugins = ["Prometheus", "StatChart", "Table", "TimeSeriesChart"];

export const perses: Contract = async (subject) => {
  const { reference, busybox, check } = subject;
  await checkEntrypoint(subject, ["/bin/perses"], ["--config=/etc/perses/config.yaml", "--log.level=error"]);
  await check("has no shell", () => assert.rejects(shell(reference, "true"), /no such file|not found/));
  const { uid, gid } = images.perses.user;
  await check(`runs as ${uid}:${gid}, and has archives of the plugins that dashboards use`, () =>
    withVolume(busybox, "cp /bin/busybox /v/", async (volume) => {
      const { output } = await runToEnd(
        reference,
        [`--volume=${volume}:/probe:ro`, "--entrypoint=/probe/busybox"],
        ["sh", "-c", "/probe/busybox id -u; /probe/busybox id -g; /probe/busybox ls /etc/perses/plugins-archive"],
      );
      const [user, group, ...archives] = output.trim().split(/\s+/);
      assert.deepEqual([user, group], [String(uid), String(gid)]);
      const missing = plugins.filter((name) => !archives.some((file) => new RegExp(`^${name}-[0-9.]+\\.tar\\.gz$`).test(file)));
      assert.deepEqual(missing, [], "these are missing");
    }),
  );
  await check("takes a config file, a place to listen and a level of its log", async () => {
    const { output } = await runToEnd(reference, [], ["--help"]);
    for (const flag of ["-config", "-web.listen-address", "-log.level"]) assert.ok(output.includes(flag), `no ${flag}`);
  });
};

export const busybox: Contract = async (subject) => {
  await subject.check("starts a shell", async () => assert.deepEqual((await imageConfig(subject.reference)).Cmd, ["sh"]));
  await checkUser(subject, "busybox");
  await checkTools(subject);
};

export const oauth2Proxy: Contract = async (subject) => {
  const { reference, check } = subject;
  await checkEntrypoint(subject, ["/bin/oauth2-proxy"]);
  await check("has no shell", () => assert.rejects(shell(reference, "true"), /no such file|not found/));
  await check("takes a config file", async () => {
    const { output } = await runToEnd(reference, [], ["--help"]);
    assert.ok(output.includes("--config"), output);
  });
};

export const haproxy: Contract = async (subject) => {
  await checkUser(subject, "haproxy");
  const own = ["cat", "mv", "sha256sum", "sleep", "haproxy"];
  await checkScript(subject, `has a shell with ${own.join(", ")}`, own.map((tool) => `command -v ${tool}`).join(" && "));
  await checkScript(
    subject,
    "has Prometheus' exporter and OpenSSL",
    "haproxy -vv | grep -q 'prometheus-exporter' && haproxy -vv | grep -q '+OPENSSL'",
  );
};

/** Rung: component. The Docker platform with workloads made for the test: what each word of a workload becomes. */
import * as pulumi from "@pulumi/pulumi";
import { DockerPlatform } from "../../components/platform/docker/platform";
import { defineWorkload, type Workload, type WorkloadFile } from "../../components/platform/workload";
import { record } from "../../render/record";
import { Run, shortTraces, types, type Mount } from "./support/program";

const base = defineWorkload({
  name: "jaeger",
  image: "jaeger",
  resources: { memory: 64 },
  user: { uid: 10, gid: 20 },
  stopGrace: 5,
});
/** The value of each secret, made once: users of a secret share it. */
const values = new Map<string, pulumi.Output<string>>();
const secret = (name: string, path: string, value: string) => {
  const content = values.get(name) ?? pulumi.secret(value);
  values.set(name, content);
  return { secret: name, path, content };
};

/** Runs workloads on the platform, each in a component called `test-<name>`. */
async function runWorkloads(...given: Partial<Workload>[]): Promise<Run> {
  const program = () => {
    const platform = new DockerPlatform("test-docker", { environment: "development" });
    for (const workload of given.map((more) => ({ ...base, ...more }))) {
      platform.run(`test-${workload.name}`, workload, new pulumi.ComponentResource("test:index:Part", `test-${workload.name}`));
    }
  };
  return new Run(await shortTraces(() => record("dev", {}, { program })));
}

const container = (run: Run, name: string) => run.get(name, types.container).inputs;
const label = (run: Run, name: string) =>
  (container(run, name).labels as { label: string; value: string }[]).find((entry) => entry.label === "tracing.config")?.value;

describe("files", () => {
  const file = (content: string, onChange: WorkloadFile["onChange"], path = `/etc/${onChange}/file`): WorkloadFile => ({
    path,
    content,
    onChange,
  });
  const labelWith = async (...files: WorkloadFile[]) => label(await runWorkloads({ files }), "test-jaeger");

  test("that restart the program change its label with their content and path only", async () => {
    const one = await labelWith(file("a", "restart"));
    expect(one).toMatch(/^[0-9a-f]{16}$/);
    expect(await labelWith(file("a", "restart"), file("x", "live"))).toBe(one);
    expect(await labelWith(file("b", "restart"))).not.toBe(one);
    expect(await labelWith(file("a", "restart", "/etc/restart/other"))).not.toBe(one);
  });

  test("are told apart: content does not flow from one file into the next", async () => {
    const path = "/etc/restart";
    const one = await labelWith(file("a", "restart", `${path}/1`), file("b", "restart", `${path}/2`));
    expect(await labelWith(file("b", "restart", `${path}/1`), file("a", "restart", `${path}/2`))).not.toBe(one);
    expect(await labelWith(file("b", "restart", `${path}/2`), file("a", "restart", `${path}/1`))).toBe(one);
  });

  test("that are live change under the running program: its container stays as it is", async () => {
    const one = await runWorkloads({ files: [file("a", "live")] });
    const other = await runWorkloads({ files: [file("b", "live")] });
    expect(container(other, "test-jaeger")).toEqual(container(one, "test-jaeger"));
    expect(container(one, "test-jaeger-live-upload").uploads).toEqual([{ file: "/etc/live/file", content: "a", permissions: "0444" }]);
    expect(container(other, "test-jaeger-live-upload").uploads).toEqual([{ file: "/etc/live/file", content: "b", permissions: "0444" }]);
  });

  test("of one kind share a folder, or the program stops", async () => {
    const files = [file("a", "live"), file("b", "live", "/etc/other/file")];
    await expect(runWorkloads({ files })).rejects.toThrow("files of one kind share one folder; found /etc/live, /etc/other");
  });
});

describe("secrets", () => {
  const both = () =>
    runWorkloads(
      { name: "elasticsearch", user: { uid: 1, gid: 0 }, secrets: [secret("password", "/etc/keys/password", "s3cret")] },
      { name: "jaeger", secrets: [secret("password", "/etc/keys/login", "s3cret")] },
      { name: "prometheus", secrets: [secret("token", "/etc/keys/token", "t0ken")] },
    );

  test("are uploaded once each, however many use them, and each alone", async () => {
    const run = await both();
    const uploads = run.ofType(types.container).filter(({ name }) => name.startsWith("test-docker-secret-"));
    expect(Object.fromEntries(uploads.map(({ name, inputs }) => [name, inputs.uploads]))).toEqual({
      "test-docker-secret-password-upload": [{ file: "/secrets/password", content: "s3cret", permissions: "0400" }],
      "test-docker-secret-token-upload": [{ file: "/secrets/token", content: "t0ken", permissions: "0400" }],
    });
  });

  test("of one name have one value", async () => {
    const [one, other] = [secret("one", "/etc/keys/one", "a"), { ...secret("one", "/etc/keys/one", "a"), content: pulumi.secret("b") }];
    const run = runWorkloads({ name: "elasticsearch", secrets: [one] }, { name: "jaeger", secrets: [other] });
    await expect(run).rejects.toThrow("the secret one has two values: all components must use the same Elasticsearch");
  });

  test("are copied for each user, under the name that the user reads", async () => {
    const run = await both();
    for (const [service, owner, file] of [
      ["elasticsearch", "1:0", ".password"],
      ["jaeger", "10:20", ".login"],
      ["prometheus", "10:20", ".token"],
    ] as const) {
      const [script] = container(run, `test-${service}-prepare`).command as [string];
      expect(script.match(/chown .*/g)).toEqual([`chown ${owner} /volumes/keys/${file}`]);
      expect(script).not.toMatch(/s3cret|t0ken/);
    }
  });

  test("reach their user in a volume that it can only read", async () => {
    const run = await both();
    expect(container(run, "test-jaeger").volumes).toContainEqual({
      volumeName: "tracing-dev-jaeger-keys",
      containerPath: "/etc/keys",
      readOnly: true,
    });
    const prepared = container(run, "test-jaeger-prepare").volumes as Mount[];
    expect(prepared).toEqual([
      { volumeName: "tracing-dev-jaeger-keys", containerPath: "/volumes/keys" },
      { volumeName: "tracing-dev-secrets", containerPath: "/secrets", readOnly: true },
    ]);
  });
});

describe("programs", () => {
  test("keep their image's entrypoint where none is given", async () => {
    const inputs = container(await runWorkloads({ args: ["--a", "--b"] }), "test-jaeger");
    expect(inputs).not.toHaveProperty("entrypoints");
    expect(inputs.command).toEqual(["--a", "--b"]);
  });

  test("get the command that is given in its place, and no arguments where there are none", async () => {
    const inputs = container(await runWorkloads({ command: ["/bin/x", "-v"] }), "test-jaeger");
    expect(inputs.entrypoints).toEqual(["/bin/x", "-v"]);
    expect(inputs).not.toHaveProperty("command");
  });

  test("write to memory where they ask for scratch, in a folder of their own", async () => {
    expect(container(await runWorkloads({ scratch: [{ path: "/tmp", size: 16 }] }), "test-jaeger").tmpfs).toEqual({
      "/tmp": "size=16m,mode=0700,uid=10,gid=20",
    });
  });

  test("own their data folder", async () => {
    const run = await runWorkloads({ data: [{ path: "/data", size: 1 }] });
    expect(container(run, "test-jaeger").volumes).toContainEqual({ volumeName: "tracing-dev-jaeger-data", containerPath: "/data" });
    expect((container(run, "test-jaeger-prepare").command as string[])[0]).toContain("chown 10:20 /volumes/data\n");
  });

  test("have nothing prepared where they have neither data nor secrets", async () => {
    const run = await runWorkloads({});
    expect(run.ofType(types.container).map(({ name }) => name)).toEqual(["test-docker-prepare", "test-jaeger"]);
  });

  test("may have one data folder", async () => {
    const data = [
      { path: "/a", size: 1 },
      { path: "/b", size: 1 },
    ];
    await expect(runWorkloads({ data })).rejects.toThrow("jaeger has data folders of one name: data, data");
  });

  test("have no check and are not waited for where there is no probe", async () => {
    const inputs = container(await runWorkloads({}), "test-jaeger");
    expect([inputs.healthcheck, inputs.wait, inputs.waitTimeout]).toEqual([undefined, undefined, undefined]);
  });

  test("are checked at the times of their probe, written as the engine writes them", async () => {
    const timing = { interval: 61, timeout: 3, retries: 4, startPeriod: 120 };
    const inputs = container(await runWorkloads({ probe: { kind: "script", script: "true", timing } }), "test-jaeger");
    expect(inputs.healthcheck).toMatchObject({ interval: "1m1s", timeout: "3s", retries: 4, startPeriod: "2m0s" });
    expect(inputs.waitTimeout).toBe(120 + (61 + 3) * 4);
  });

  test("start after others, which must be there", async () => {
    const first = { name: "elasticsearch" } as const;
    const second = { name: "jaeger", startsAfter: ["elasticsearch"] } as const;
    const run = await runWorkloads(first, second);
    expect(run.get("test-jaeger", types.container).dependencies).toContain(run.get("test-elasticsearch", types.container).urn);
    await expect(runWorkloads(second, first)).rejects.toThrow("jaeger starts after elasticsearch, which is not running yet");
  });
});

test("more than one instance is refused: there is one machine", async () => {
  await expect(runWorkloads({ scale: { replicas: 2 } })).rejects.toThrow("jaeger wants 2 instances; one machine runs one");
});

describe("a cron", () => {
  const cron = {
    kind: "cron",
    command: ["/bin/sh", "/x.sh"],
    args: ["-v"],
    schedule: { hour: 4, longest: 60 },
    data: [{ path: "/state", size: 1 }],
  } as const;

  test("runs its command in a loop that knows its hour and its state", async () => {
    const inputs = container(await runWorkloads(cron), "test-jaeger");
    expect(inputs.entrypoints).toEqual(["/bin/sh", "-c"]);
    const [script] = inputs.command as [string];
    expect(script).toContain("if /bin/sh /x.sh -v; then");
    expect(script).toContain("now - 4 * 3600");
    expect(script).toContain("last=/state/last-success");
    expect(script).not.toContain("reported))");
  });

  test("reports between its runs", async () => {
    const reporting = { ...cron, schedule: { hour: 4, longest: 60, report: ["/bin/sh", "/x.sh", "report"] } };
    const [script] = container(await runWorkloads(reporting), "test-jaeger").command as [string];
    expect(script).toContain("{ /bin/sh /x.sh report && reported=$now; }");
  });

  test.each(["schedule", "command", "data"] as const)("without a %s stops the program", async (field) => {
    const lacking = { ...cron, [field]: field === "data" ? [] : undefined };
    await expect(runWorkloads(lacking)).rejects.toThrow("cron jaeger needs a schedule, a command and a data folder");
  });
});

/** Rung: component. Where the passwords of Elasticsearch go, and where they do not. */
import { secretMarker } from "../../render/record";
import { runProgram, services, types, type Run } from "./support/program";

let run: Run;
let exported: Record<string, { readonly isSecret?: Promise<boolean> } | undefined>;

beforeAll(async () => {
  const program = () => {
    exported = require("../../index") as typeof exported;
  };
  run = await runProgram("dev", {}, { program });
});

const password = secretMarker(32);
/** The secrets, and who has a copy of which: the setup gives all of them to Elasticsearch. */
const copies = {
  "elasticsearch-password": ["elasticsearch", "elasticsearch-setup"],
  "elasticsearch-writer-password": ["elasticsearch-setup", "jaeger"],
  "elasticsearch-reader-password": ["elasticsearch-setup", "jaeger"],
  "elasticsearch-cleaner-password": ["elasticsearch-setup", "index-cleaner"],
  "elasticsearch-metrics-password": ["elasticsearch-setup", "elasticsearch-exporter"],
  "elasticsearch-graph-password": ["elasticsearch-setup", "service-graph"],
  "elasticsearch-snapshots-password": ["elasticsearch-setup", "elasticsearch-snapshots"],
} as const;
const secrets = Object.keys(copies) as (keyof typeof copies)[];
const uploadOf = (secret: string) => `tracing-docker-secret-${secret}-upload`;
const clients = [
  "elasticsearch",
  "elasticsearch-setup",
  "elasticsearch-snapshots",
  "elasticsearch-exporter",
  "jaeger",
  "index-cleaner",
  "service-graph",
] as const;
interface Upload {
  readonly file: string;
  readonly content: string;
  readonly permissions: string;
}
const uploadsOf = (name: string) => run.get(name).inputs.uploads as Upload[];

test.each(secrets)("%s is generated: 32 letters and digits, which no shell, URL or file must quote", (secret) => {
  expect(run.get(`tracing-${secret}`).inputs).toMatchObject({ length: 32, special: false });
});

test.each(secrets)("the upload of %s contains it alone, marked as a secret and readable by its owner only", (secret) => {
  expect(uploadsOf(uploadOf(secret))).toEqual([{ file: `/secrets/${secret}`, content: password, permissions: "0400" }]);
  expect(run.get(uploadOf(secret)).secretInputs).toEqual(["uploads"]);
});

test("no other resource has a password among its inputs or outputs, secret or not", () => {
  const holders = run.resources.filter(({ inputs, outputs }) => JSON.stringify([inputs, outputs ?? {}]).includes(password));
  const uploads = secrets.map(uploadOf).sort();
  expect(holders.map(({ name }) => name).sort()).toEqual(uploads);
  const secret = run.resources.filter(({ secretInputs }) => secretInputs.length > 0);
  expect(secret.map(({ name }) => name).sort()).toEqual(uploads);
});

test("no environment and no command line names a password, only the path of its file", () => {
  const words = run
    .ofType(types.container)
    .flatMap(({ inputs }) => [inputs.envs, inputs.command, inputs.entrypoints].flat() as (string | undefined)[]);
  const passwords = words.filter((word) => word && /^[^=]*PASSWORD[^=]*=/.test(word));
  expect(passwords).toEqual(["ELASTIC_PASSWORD_FILE=/etc/tracing/secrets/elasticsearch-password"]);
});

test("a volume of its own gives the secret to each service that logs in, and to no other", () => {
  const mounts = services.map((service) => [
    service,
    run.mountsOf(service).filter(({ containerPath }) => containerPath === "/etc/tracing/secrets"),
  ]);
  const own = (service: string) => [
    { volumeName: `tracing-dev-${service}-secrets`, containerPath: "/etc/tracing/secrets", readOnly: true },
  ];
  expect(Object.fromEntries(mounts)).toEqual({
    elasticsearch: own("elasticsearch"),
    "elasticsearch-setup": own("elasticsearch-setup"),
    "elasticsearch-snapshots": own("elasticsearch-snapshots"),
    "elasticsearch-exporter": own("elasticsearch-exporter"),
    jaeger: own("jaeger"),
    "otel-collector": [],
    "index-cleaner": own("index-cleaner"),
    "service-graph": own("service-graph"),
    canary: [],
    prometheus: [],
    perses: [],
  });
});

test("only helpers mount the volume of all secrets", () => {
  const users = run.ofType(types.container).filter(({ inputs }) => JSON.stringify(inputs.volumes).includes('"tracing-dev-secrets"'));
  const fillers = [...secrets.map(uploadOf), ...clients.map((service) => `tracing-${service}-prepare`)];
  expect(users.map(({ name }) => name).sort()).toEqual(fillers.sort());
});

test.each(clients)("%s has copies of its own secrets alone, handed out again when one is uploaded again", (service) => {
  const own = secrets.filter((secret) => (copies[secret] as readonly string[]).includes(service));
  const { inputs, dependencies } = run.get(`tracing-${service}-prepare`);
  const [envs = ""] = inputs.envs as string[];
  expect(envs.replace("SECRETS=", "").split(" ").sort()).toEqual(own.map((secret) => `tracing-dev-secret-${secret}`).sort());
  const script = (inputs.command as string[]).join();
  expect(secrets.filter((secret) => script.includes(`/secrets/${secret} `))).toEqual(own);
  for (const secret of own) expect(dependencies).toContain(run.get(uploadOf(secret)).urn);
});

test("the stack's output of the password is a secret, and the only one", async () => {
  const secret = await Promise.all(Object.entries(exported).map(async ([name, value]) => [name, (await value?.isSecret) ?? false]));
  expect(Object.fromEntries(secret)).toEqual({
    alertDelivery: false,
    ingest: false,
    applicationEnvironment: false,
    elasticsearchPassword: true,
    endpoints: false,
    ingestNetwork: false,
    retentionDays: false,
    samplingLosses: false,
    samplingRates: false,
    samplingStrategy: false,
    sizing: false,
    version: false,
  });
});

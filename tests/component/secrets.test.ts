/** Rung: component. Where the password of Elasticsearch goes, and where it does not. */
import { markedSecretLength, secretMarker } from "../../render/record";
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
const upload = "tracing-docker-secret-elasticsearch-password-upload";
const clients = ["elasticsearch", "elasticsearch-exporter", "jaeger", "index-cleaner"];
interface Upload {
  readonly file: string;
  readonly content: string;
  readonly permissions: string;
}
const uploadsOf = (name: string) => run.get(name).inputs.uploads as Upload[];

test("the password is generated: 32 letters and digits, which no shell, URL or file must quote", () => {
  expect(run.get("tracing-elasticsearch-password").inputs).toMatchObject({ length: 32, special: false });
});

test("the secrets' upload carries the password, readable for its owner only, marked as a secret", () => {
  expect(uploadsOf(upload)).toEqual([{ file: "/secrets/elasticsearch-password", content: password, permissions: "0400" }]);
  expect(run.get(upload).secretInputs).toEqual(["uploads"]);
});

test("no other resource has the password among its inputs or outputs, secret or not", () => {
  const holders = run.resources.filter(({ inputs, outputs }) => JSON.stringify([inputs, outputs ?? {}]).includes(password));
  expect(holders.map(({ name }) => name)).toEqual([upload]);
  const secret = run.resources.filter(({ secretInputs }) => secretInputs.length > 0);
  expect(secret.map(({ name }) => name)).toEqual([upload]);
});

test("the secrets' upload holds nothing else, as one secret hides every difference of it", () => {
  expect(uploadsOf(upload).filter(({ content }) => markedSecretLength(content) === undefined)).toEqual([]);
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
    "elasticsearch-exporter": own("elasticsearch-exporter"),
    jaeger: own("jaeger"),
    "otel-collector": [],
    "index-cleaner": own("index-cleaner"),
    prometheus: [],
  });
});

test("the volume of all secrets is mounted by those who fill it and hand it on, never by a service", () => {
  const users = run.ofType(types.container).filter(({ inputs }) => JSON.stringify(inputs.volumes).includes('"tracing-dev-secrets"'));
  expect(users.map(({ name }) => name).sort()).toEqual([upload, ...clients.map((service) => `tracing-${service}-prepare`)].sort());
});

test.each(clients)("the copy of %s is handed out again when the secret is uploaded again", (service) => {
  const { inputs, dependencies } = run.get(`tracing-${service}-prepare`);
  expect(inputs.envs).toEqual(["SECRETS=tracing-dev-secret-elasticsearch-password"]);
  expect(dependencies).toContain(run.get(upload).urn);
});

test("the stack's output of the password is a secret, and the only one", async () => {
  const secret = await Promise.all(Object.entries(exported).map(async ([name, value]) => [name, (await value?.isSecret) ?? false]));
  expect(Object.fromEntries(secret)).toEqual({
    applicationEnvironment: false,
    elasticsearchPassword: true,
    endpoints: false,
    ingestNetwork: false,
    retentionDays: false,
    samplingLosses: false,
    samplingRates: false,
    samplingStrategy: false,
  });
});

/** Rung: unit. The workflows: what actionlint does not ask. Pinned actions, least permissions, no update ever cancelled, no code from text. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import manifest from "../../../package.json";
import { projectFolder } from "../../../render/record";
import { temporaryFolder } from "../../support/temporary-folder";

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly needs?: string | readonly string[];
  readonly steps?: readonly Step[];
}
interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly on: string | Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly "cancel-in-progress": boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(projectFolder, ".github", "workflows");
const texts = readdirSync(folder).map((name): [string, string] => [name, readFileSync(join(folder, name), "utf8")]);
const workflows = texts.map(([name, text]): [string, Workflow] => [name, parse(text) as Workflow]);
const workflow = (name: string) => new Map(workflows).get(name)!;
const steps = (jobs: Workflow["jobs"]) => Object.values(jobs).flatMap(({ steps: own = [] }) => own);

test.each(texts)("%s: every action is pinned to a commit, with its version beside it", (_, text) => {
  const used = [...text.matchAll(/uses: (\S+)(.*)$/gm)].filter(([, action]) => !action?.startsWith("./"));
  for (const [, action, comment] of used) {
    expect(action).toMatch(/@[0-9a-f]{40}$/);
    expect(comment).toMatch(/^ # v\d+\.\d+\.\d+$/);
  }
});

test("one action has one version everywhere", () => {
  const used = texts.flatMap(([, text]) => [...text.matchAll(/uses: (\S+)@(\S+)/g)].map(([, action, commit]) => `${action} ${commit}`));
  expect(new Set(used).size).toBe(new Set(used.map((line) => line.split(" ")[0])).size);
});

/** By workflow and job: what it may beside reading the repository. */
const rights: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  "comment.yml": { comment: { actions: "read", "pull-requests": "write" } },
  "release.yml": {
    npm: { "id-token": "write" },
    pypi: { "id-token": "write" },
    github: { contents: "write", "id-token": "write", attestations: "write" },
  },
};

test.each(workflows)("%s: reads the repository and no more, unless a job says otherwise", (name, { permissions, jobs }) => {
  expect(permissions).toEqual(name === "comment.yml" ? {} : { contents: "read" });
  const more = Object.entries(jobs).flatMap(([job, { permissions: own }]) => (own ? [[job, own] as const] : []));
  expect(Object.fromEntries(more)).toEqual(rights[name] ?? {});
});

test.each(workflows)("%s: checkouts leave no credentials, and no shell gets text of an event", (_, { jobs, on }) => {
  for (const { uses, run = "", with: inputs } of steps(jobs)) {
    if (uses?.startsWith("actions/checkout@")) expect(inputs).toMatchObject({ "persist-credentials": false });
    expect(run).not.toMatch(/\$\{\{/);
  }
  expect(JSON.stringify(on)).not.toContain("pull_request_target");
});

test("an update that runs is never cancelled, and runs only once its environment agrees", () => {
  const updating = workflows.filter(([, { jobs }]) => steps(jobs).some(({ run }) => run?.includes("pulumi up")));
  expect(updating.map(([name]) => name)).toEqual(["deploy.yml"]);
  const { up } = workflow("deploy.yml").jobs;
  expect(up).toMatchObject({
    environment: "${{ inputs.stack }}",
    needs: "preview",
    concurrency: { group: "up-${{ inputs.stack }}", "cancel-in-progress": false },
  });
  for (const name of ["deploy.yml", "deploy-staging.yml", "deploy-prod.yml"]) expect(workflow(name).concurrency).toBeUndefined();
});

describe("a commit that is no longer the newest of its branch", () => {
  const { preview, up } = workflow("deploy.yml").jobs;
  const asks = ({ name }: Step) => name === "The commit is the newest of its branch";
  const step = up?.steps?.find(asks);

  test("is refused after the preview, and again before the update, except for tags and by request", () => {
    expect(preview?.steps?.at(-1)).toEqual(step);
    expect(up?.steps?.findIndex(asks)).toBe(up!.steps!.findIndex(({ run }) => run?.includes("pulumi up")) - 1);
    expect(step).toMatchObject({ if: "github.ref_type == 'branch' && !inputs.outdated" });
    expect(workflow("deploy-prod.yml").jobs.deploy).toMatchObject({ with: { outdated: "${{ inputs.outdated }}" } });
    expect(workflow("deploy-staging.yml").jobs.deploy).not.toMatchObject({ with: { outdated: expect.anything() as unknown } });
  });

  const folder = temporaryFolder();

  test.each([
    ["the newest", "echo new", 0, ""],
    ["an older one", "echo newer", 1, "::error::new is not deployed to prod: main has moved on to newer."],
    ["one of which nothing can be learnt", "exit 1", 1, ""],
  ])("%s", (_, answer, status, said) => {
    const asked = '[ "$*" = "api repos/o/r/git/ref/heads/main --jq .object.sha" ] || exit 2';
    writeFileSync(join(folder(), "gh"), `#!/bin/sh\n${asked}\n${answer}\n`, { mode: 0o755 });
    const env = {
      PATH: `${folder()}:${process.env.PATH ?? ""}`,
      STACK: "prod",
      GITHUB_REPOSITORY: "o/r",
      GITHUB_REF_NAME: "main",
      GITHUB_SHA: "new",
    };
    // As GitHub runs a step that names no shell.
    const outcome = spawnSync("bash", ["-e", "-c", step?.run ?? ""], { env, encoding: "utf8" });
    expect(outcome).toMatchObject({ status, stdout: expect.stringContaining(said) as unknown });
  });
});

test("the code of a pull request runs with staging's credentials at most", () => {
  const ofPullRequests = workflows.filter(([, { on }]) => JSON.stringify(on).includes("pull_request"));
  expect(ofPullRequests.map(([name]) => name).sort()).toEqual([
    "end-to-end.yml",
    "newest-releases.yml",
    "pull-request.yml",
    "vulnerabilities.yml",
  ]);
  const jobs = ofPullRequests.flatMap(([, { jobs: own }]) => Object.values(own));
  const trusted = jobs.filter((job) => job.environment !== undefined || /secrets[.[]|inherit/.test(JSON.stringify(job)));
  expect(trusted.map(({ environment }) => environment)).toEqual(["preview-staging"]);
  expect(workflow("deploy.yml").jobs.preview?.environment).toBe("preview-${{ inputs.stack }}");
});

test("production is deployed by request only", () => {
  expect(Object.keys(workflow("deploy-prod.yml").on)).toEqual(["workflow_dispatch"]);
});

test("previews and updates run the policy pack", () => {
  const commands = workflows.flatMap(([, { jobs }]) => steps(jobs).flatMap(({ run = "" }) => run.match(/pulumi (preview|up) .*/g) ?? []));
  expect(commands.length).toBeGreaterThanOrEqual(4);
  for (const command of commands) expect(command).toContain("--policy-pack policy");
});

test("what writes to pull requests checks out nothing and runs nothing of theirs", () => {
  const used = steps(workflow("comment.yml").jobs).flatMap(({ uses }) => uses?.split("@")[0] ?? []);
  expect(used).toEqual(["actions/download-artifact"]);
});

test("the workflows install the CLI of the SDK's version, which is pinned", () => {
  const sdk = manifest.dependencies["@pulumi/pulumi"];
  expect(sdk).toMatch(/^\d+\.\d+\.\d+$/);
  const all = workflows.flatMap(([, { jobs }]) => steps(jobs));
  const versions = all.flatMap(({ uses, with: inputs }) => (uses?.startsWith("pulumi/actions@") ? [inputs?.["pulumi-version"]] : []));
  expect(versions.length).toBeGreaterThanOrEqual(4);
  expect(new Set(versions)).toEqual(new Set([sdk]));
});

describe("a release", () => {
  const { build, ...publishing } = workflow("release.yml").jobs;
  const commands = (job?: Job) => (job?.steps ?? []).map(({ run = "" }) => run).join("\n");

  test("is made by tags alone, of commits of the main branch, and after the files agree", () => {
    expect(workflow("release.yml").on).toEqual({ push: { tags: ["v*", "thebot-tracing-v*"] } });
    expect(commands(build)).toMatch(
      /merge-base --is-ancestor "\$GITHUB_SHA" origin\/main[^]*cli\/main\.ts release --tag "\$GITHUB_REF_NAME"/,
    );
  });

  test("is published by jobs that run no code of the repository, and nobody's token", () => {
    expect(Object.keys(publishing)).toEqual(["npm", "pypi", "github"]);
    for (const job of Object.values(publishing)) {
      expect(job.needs).toContain("build");
      expect(JSON.stringify(job)).not.toMatch(/actions\/checkout|secrets[.[]|npm (ci|install)|npx/);
    }
    expect([publishing.npm?.environment, publishing.pypi?.environment]).toEqual(["npm", "pypi"]);
  });

  test("has its provenance", () => {
    expect(commands(publishing.npm)).toContain("npm publish --provenance");
    expect(publishing.pypi?.steps?.at(-1)).toMatchObject({ with: { attestations: true } });
    expect(publishing.github?.steps?.some(({ uses }) => uses?.startsWith("actions/attest-build-provenance@"))).toBe(true);
  });
});

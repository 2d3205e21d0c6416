/** Rung: unit. The workflows: what actionlint does not ask. Pinned actions, least permissions, no update ever cancelled, no code from text. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { projectFolder } from "../../render/record";

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly needs?: string | readonly string[];
  readonly steps?: readonly { readonly uses?: string; readonly run?: string; readonly with?: Readonly<Record<string, unknown>> }[];
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

test.each(workflows)("%s: reads the repository and no more, unless a job says otherwise", (name, { permissions, jobs }) => {
  expect(permissions).toEqual(name === "comment.yml" ? {} : { contents: "read" });
  const more = Object.values(jobs).flatMap((job) => Object.entries(job.permissions ?? {}));
  expect(Object.fromEntries(more)).toEqual(name === "comment.yml" ? { actions: "read", "pull-requests": "write" } : {});
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

test("the code of a pull request runs with staging's credentials at most, and prod's are for deployments", () => {
  const ofPullRequests = workflows.filter(([, { on }]) => JSON.stringify(on).includes("pull_request"));
  expect(ofPullRequests.map(([name]) => name).sort()).toEqual(["end-to-end.yml", "pull-request.yml"]);
  const jobs = ofPullRequests.flatMap(([, { jobs: own }]) => Object.values(own));
  const trusted = jobs.filter((job) => job.environment !== undefined || /secrets[.[]|inherit/.test(JSON.stringify(job)));
  expect(trusted.map(({ environment }) => environment)).toEqual(["preview-staging"]);
  expect(workflow("deploy.yml").jobs.preview?.environment).toBe("preview-${{ inputs.stack }}");
});

test("production is deployed by request only", () => {
  expect(workflow("deploy-prod.yml").on).toBe("workflow_dispatch");
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

/** Rung: unit. What keeps a stack from running on an engine, and what only warns. */
import { checkEngine, type Room } from "../../../cli/engine/engine-check";
import { settingsWith } from "../../support/settings";

const GiB = 2 ** 30;
const good: Room = { version: "20.10.24+dfsg1", memory: 4 * GiB, disk: 20 * GiB, exists: false };
const judge = (room: Partial<Room>, groups = {}) => checkEngine(settingsWith(groups), { ...good, ...room });

test("an engine with enough resources has no problems", () => {
  expect(judge({})).toEqual({ problems: [], warnings: [] });
});

describe("the version", () => {
  test.each(["20.10.0", "20.10.24+dfsg1", "20.11.1", "24.0.7", "29.1.0-rc.1"])("%s is new enough", (version) => {
    expect(judge({ version }).problems).toEqual([]);
  });

  test.each(["20.9.1", "19.03.15", "1.13.1", "18.09"])("%s is too old", (version) => {
    expect(judge({ version }).problems).toEqual([
      `engine: found Docker ${version}; needed: 20.10 or newer. Update it: https://docs.docker.com/engine/install/`,
    ]);
  });
});

describe("memory", () => {
  // Limits by default: 1 GiB + 512 + 256 + 256 MiB = 2 GiB. The least is Elasticsearch's whole and half of the others'.
  test("below the least is a problem that names the settings", () => {
    expect(judge({ memory: 1.5 * GiB - 1 }).problems).toEqual([
      "memory: found 1.5 GiB; needed: 1.5 GiB, for services that may take 2.0 GiB together. Give the engine more, " +
        "or take less of it in Pulumi.dev.yaml: tracing:elasticsearch.memory, tracing:jaeger.memory",
    ]);
  });

  test("below the sum of the limits is a warning", () => {
    const { problems, warnings } = judge({ memory: 2 * GiB - 1 });
    expect(problems).toEqual([]);
    expect(warnings).toEqual(["memory: the services may take 2.0 GiB, the engine has 2.0 GiB: some may be killed under load"]);
    expect(judge({ memory: 2 * GiB }).warnings).toEqual([]);
  });

  test("follows the settings", () => {
    expect(judge({}, { elasticsearch: { memory: "8Gi" } }).problems).toHaveLength(1);
  });
});

describe("disk", () => {
  test("below Elasticsearch's watermark is a problem of a new stack", () => {
    expect(judge({ disk: 2 * GiB - 1 }).problems).toEqual([
      "disk: found 2.0 GiB free where the engine keeps its data; needed: 6.0 GiB, and Elasticsearch takes no spans below 2.0 GiB. " +
        "`docker system df` shows what takes the room",
    ]);
  });

  test("is only a warning for an existing stack", () => {
    const { problems, warnings } = judge({ disk: 0, exists: true });
    expect(problems).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  test("that is scarce is a warning", () => {
    expect(judge({ disk: 6 * GiB - 1 }).warnings).toHaveLength(1);
    expect(judge({ disk: 6 * GiB }).warnings).toEqual([]);
  });

  test("that is not known is not judged", () => {
    expect(judge({ disk: undefined })).toEqual({ problems: [], warnings: [] });
  });
});

test("all problems come at once", () => {
  expect(judge({ version: "18.09", memory: GiB, disk: GiB }).problems).toHaveLength(3);
});

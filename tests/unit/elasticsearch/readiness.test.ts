/** Rung: unit. When a pod of Elasticsearch is ready: the probe's script, run by a real bash with a clock and a client of its own. */
import { elasticsearchWorkload } from "../../../components/elasticsearch/elasticsearch";
import { unknownPasswords } from "../../../components/workloads";
import { parseSettings } from "../../../configs/stack/parse";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import { stackConfig } from "../../../render/record";
import { temporaryFolder } from "../../support/temporary-folder";
import { run } from "../support/shell";

const folder = temporaryFolder();

/** HTTP status for each request of the probe; 000 without an answer. */
interface Answers {
  /** For the health of the cluster, with the wanted status. */
  readonly whole?: string;
  /** For the health of the cluster, with any status. Only a master answers. */
  readonly health?: string;
  /** For the node. */
  readonly node?: string;
}

const standIns = `
date() { [ "$*" = +%s ] || return 9; echo "$NOW"; }
curl() {
  case "\${!#}" in
    *"://localhost:9200/_cluster/health?wait_for_status=$STATUS&timeout=2s") echo "$WHOLE" ;;
    *://localhost:9200/_cluster/health) echo "$HEALTH" ;;
    *://localhost:9200/) echo "$NODE" ;;
    *) return 9 ;;
  esac
}
`;

describe.each([
  ["staging", "yellow"],
  ["prod", "green"],
])("a pod of %s", (stack, status) => {
  const settings = parseSettings(stack, stackConfig(stack));
  const { probe } = elasticsearchWorkload(settings, kubernetesTopology(settings), unknownPasswords(settings));
  const script = probe?.kind === "script" ? probe.script : "";
  /** True if it is ready so many seconds after the first probe. */
  const readyAt = (seconds: number, { whole = "000", health = "000", node = "000" }: Answers): boolean => {
    const env = { NOW: String(1_800_000_000 + seconds), STATUS: status, WHOLE: whole, HEALTH: health, NODE: node };
    // With a socket for its input, bash takes itself for a remote shell, and would read the user's own file.
    const { code, err } = run(["bash", "--norc"], standIns + script.replaceAll("/tmp/", `${folder()}/`), env);
    expect(err).toBe("");
    return code === 0;
  };

  test("is ready once its cluster is complete, and from then on while it answers", () => {
    expect(readyAt(0, {})).toBe(false);
    expect(readyAt(30, { whole: "200" })).toBe(true);
    const broken = { whole: "408", health: "000" };
    expect(["200", "401", "503", "000"].map((node) => readyAt(60, { ...broken, node }))).toEqual([true, true, false, false]);
  });

  test("waits a quarter of an hour for a complete cluster; then being a member is enough", () => {
    const lasting = { whole: "408", health: "200", node: "200" };
    expect([0, 5, 899].map((seconds) => readyAt(seconds, lasting))).toEqual([false, false, false]);
    expect(readyAt(900, lasting)).toBe(true);
    expect(readyAt(905, { node: "200" })).toBe(true);
  });

  test("is not ready without a master, however long that lasts", () => {
    const alone = { whole: "000", health: "000", node: "200" };
    expect([0, 900, 90_000].map((seconds) => readyAt(seconds, alone))).toEqual([false, false, false]);
    expect(readyAt(90_005, { ...alone, health: "200" })).toBe(true);
  });

  test("is not ready while its password was never taken", () => {
    const refused = { whole: "401", health: "401", node: "401" };
    expect([0, 900].map((seconds) => readyAt(seconds, refused))).toEqual([false, false]);
  });
});

/**
 * `make attacks`: hostile clients against every open port of a stack, one attack after the other, beside a neighbour that sends within its limits, and
 * prints what came of it. The stack is one of its own and is removed however this ends; no other stack is touched. Exit code 1 where a service was
 * restarted, the neighbour lost a span, or an answer is none that is expected. ROWS, or words behind the command, choose attacks.
 *
 * It runs on Linux, on the machine of the container engine: attackers reach containers by their own addresses, as others on their networks do.
 */
import { carryOut, type Attacked } from "./carry-out";
import { apart, broken, heads, line, quantile, type Outcome } from "./outcome";
import { onOwnStack, withinTests } from "./own-stack";
import { chosen } from "./rows";
import { times } from "./wire";
import { program, runCommand } from "../../cli/terminal/command";
import { options } from "../../cli/terminal/options";
import { note, since, step } from "../../cli/terminal/output";

const attacks = program("tests/attacks/main.ts", "Attack every open port of a stack, and judge what its neighbours notice")
  .argument("[rows...]", "single attacks")
  .addOption(withinTests);

attacks.action(async (words: readonly string[], { withinTests: within = false }: { readonly withinTests?: boolean }) => {
  const rows = chosen([...words, ...(options.rows ?? "").split(/[\s,]+/).filter(Boolean)]);
  step(`Attacks: ${rows.length}`);
  await onOwnStack(within, async (stack) => {
    const start = Date.now();
    const attacked: Attacked[] = [];
    for (const [i, row] of rows.entries()) {
      step(`${i + 1} of ${rows.length}: ${row.id}`);
      const one = await carryOut(stack, row);
      attacked.push(one);
      note(JSON.stringify(one.outcome.seen));
    }
    step("What is stored of the neighbour's spans");
    const outcomes: Outcome[] = [];
    await times(attacked.length, 4, async (i) => {
      const { judge } = attacked[i] as Attacked;
      outcomes[i] = await judge();
    });
    const calm = quantile(
      outcomes.flatMap((outcome) => apart(outcome).calm.map(({ took }) => took)),
      0.95,
    );
    const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
    console.log(`\n${[row(heads), row(heads.map(() => "---")), ...outcomes.map((outcome) => row(line(outcome, calm)))].join("\n")}\n`);
    note(`${outcomes.length} attacks in ${since(start)}; the neighbour's P95 in calm periods: ${calm.toFixed(1)} ms`);
    return outcomes.every((outcome) => broken(outcome).length === 0);
  });
});
runCommand(attacks);

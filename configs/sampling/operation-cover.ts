/** Which requests operations have in common, and which not: decided exactly, as paths of operations are regular languages. */
import type { Operation } from "./operations";

/** What a step of a path's automaton takes: one character, any but the slash, or nothing. */
type Step = { readonly on: string | typeof anyCharacter | typeof nothing; readonly to: number };
const anyCharacter = Symbol("any character but the slash");
const nothing = Symbol("nothing");

/** Stands for all characters that no operation at hand names. */
const other = "\0";

/** An automaton over paths in which each segment ends with a slash: `a/b/` is /a/b, the empty text is the root. */
interface Automaton {
  readonly steps: Step[][];
  readonly end: number;
}

/** Whether every request that `operation` matches is matched by one of `others`. */
export const covers = (others: readonly Operation[], operation: Operation): boolean => uncovered(others, operation) === undefined;

/** Whether there is a request that both match. */
export const overlaps = (one: Operation, other: Operation): boolean =>
  one.method === other.method && shortest(one, [other], ([matched]) => matched === true) !== undefined;

/** A shortest path that `operation` matches and none of `others` does; undefined where there is none. */
export const uncovered = (others: readonly Operation[], operation: Operation): string | undefined =>
  shortest(
    operation,
    others.filter(({ method }) => method === operation.method),
    (matched) => !matched.includes(true),
  );

/**
 * A shortest path that `operation` matches, and of which `wanted` is true, asked with which of `others` match it too; undefined where there is
 * none. All automata take the same characters, one after the other, until such a path is found or every set of states was seen.
 */
function shortest(operation: Operation, others: readonly Operation[], wanted: (matched: boolean[]) => boolean): string | undefined {
  const rivals = others.map(automaton);
  const own = automaton(operation);
  const all = [own, ...rivals];
  const letters = ["/", other, ...new Set(all.flatMap(({ steps }) => steps.flat().flatMap(({ on }) => (isLetter(on) ? [on] : []))))];
  const seen = new Set<string>();
  const open = [{ path: "/", states: all.map((one) => closed(one, [0])) }];
  for (const { path, states } of open) {
    const name = JSON.stringify(states);
    const [mine = [], ...theirs] = states;
    if (seen.has(name)) continue;
    seen.add(name);
    if (mine.includes(own.end) && wanted(theirs.map((set, i) => set.includes(rivals[i]?.end ?? -1)))) return path;
    for (const letter of letters) {
      const next = advanced(own, mine, letter);
      if (next.length === 0) continue;
      open.push({ path: path + letter, states: [next, ...theirs.map((set, i) => advanced(rivals[i] as Automaton, set, letter))] });
    }
  }
  return undefined;
}

const isLetter = (on: Step["on"]): on is string => typeof on === "string";

function automaton({ text, method }: Operation): Automaton {
  const steps: Step[][] = [[]];
  const add = (from: number, on: Step["on"], to = steps.length): number => {
    if (to === steps.length) steps.push([]);
    steps[from]?.push({ on, to });
    return to;
  };
  const anyNumber = (from: number): number => {
    const loop = add(from, nothing);
    add(loop, anyCharacter, loop);
    return loop;
  };
  let at = 0;
  for (const segment of text
    .slice(method.length + 1)
    .split("/")
    .filter(Boolean)) {
    if (segment === "**") {
      const inside = anyNumber(add(add(at, nothing), anyCharacter));
      add(inside, "/", at);
      at = add(at, nothing);
      continue;
    }
    const whole = segment === "*" || /^<[^<>]+>$/.test(segment);
    for (const part of whole ? ["*"] : (segment.match(/<[^<>]+>|[^]/g) ?? [])) {
      if (part !== "*" && part.length === 1) at = add(at, part);
      else at = anyNumber(whole ? add(at, anyCharacter) : at);
    }
    at = add(at, "/");
  }
  return { steps, end: at };
}

/** The states that can be reached from some without taking a character, in order. */
function closed({ steps }: Automaton, from: readonly number[]): number[] {
  const reached = new Set(from);
  for (const state of reached) for (const { on, to } of steps[state] ?? []) if (on === nothing) reached.add(to);
  return [...reached].sort((a, b) => a - b);
}

function advanced(one: Automaton, from: readonly number[], letter: string): number[] {
  if (from.length === 0) return [];
  const takes = (on: Step["on"]) => (on === anyCharacter ? letter !== "/" : on === letter);
  return closed(
    one,
    from.flatMap((state) => (one.steps[state] ?? []).filter(({ on }) => takes(on)).map(({ to }) => to)),
  );
}

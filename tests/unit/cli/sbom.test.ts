/** Rung: unit. Which SBOMs are made: by the words of the command. What is in them, the rung sbom looks at. */
import { imageNames } from "../../../configs/images";
import { sbomFile, subjects, subjectsNamed } from "../../../cli/supply-chain/sbom";

test.each<[string[], readonly string[]]>([
  [[], subjects],
  [["images"], imageNames],
  [["thebot-tracing"], ["thebot-tracing"]],
  [
    ["jaeger", "stack", "jaeger"],
    ["stack", "jaeger"],
  ],
])("%j", (words, expected) => {
  expect(subjectsNamed(words)).toEqual(expected);
});

test("a word that names nothing is refused, with all that do", () => {
  expect(() => subjectsNamed(["stack", "kibana", ""])).toThrow(
    /^--only: found kibana, ; allowed: images, stack, thebot-tracing, elasticsearch/,
  );
});

test("each has a file of its own", () => {
  expect(new Set(subjects.map(sbomFile)).size).toBe(subjects.length);
});

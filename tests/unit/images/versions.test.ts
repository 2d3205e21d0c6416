/** Rung: unit. Versions of images, and what follows from them. */
import { imageNames, imageOrigin, images, imageVersion } from "../../../configs/images";
import { can } from "../../../configs/versions";
import { settingsWith } from "../../support/settings";

const jaeger = (reference: string) => settingsWith({ otherImages: { jaeger: reference } });

test.each(imageNames)("%s has a version in both columns", (name) => {
  expect(imageVersion(name, { source: "official" })).toBe(/:v?(\d+\.\d+\.\d+)/.exec(images[name].official)?.[1]);
  expect(imageVersion(name, { source: "local" })).toBe(images[name].tested);
});

test.each<[string, string]>([
  ["jaeger:2.22.0", "2.22.0"],
  ["registry.example.com:5000/team/jaeger:v2.22.1-rc.1_b", "2.22.1"],
  [`docker.io/jaegertracing/jaeger:2.21.0@sha256:${"a".repeat(64)}`, "2.21.0"],
])("the version of %s is %s", (reference, version) => {
  expect(imageVersion("jaeger", imageOrigin(jaeger(reference)))).toBe(version);
});

test("a reference without a version is an error, not a guess", () => {
  expect(() => imageVersion("jaeger", { source: "official", others: { jaeger: "jaeger:latest" } })).toThrow("begins with no version");
});

test.each<[string, boolean]>([
  ["2.13.0", false],
  ["2.20.9", false],
  ["2.21.0", true],
  ["2.21.0-dev", true],
  ["2.100.0", true],
  ["3.0.0", true],
  ["1.76.0", false],
])("Jaeger %s writes synchronously: %s", (version, expected) => {
  expect(can(jaeger(`jaeger:${version}`), "synchronousWrites")).toBe(expected);
});

test("the official Jaeger writes synchronously, the one of package registries does not yet", () => {
  expect([can(settingsWith(), "synchronousWrites"), can(settingsWith({ images: "local" }), "synchronousWrites")]).toEqual([true, false]);
});

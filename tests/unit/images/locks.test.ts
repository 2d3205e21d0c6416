/** Rung: unit. What lock files install for a page: all that it needs, nothing of what it is built or tested with. */
import { stringify } from "yaml";
import { npmPackages, pnpmPackages } from "../../../images/lib/locks";

const words = (packages: readonly { readonly name: string; readonly version: string }[]) =>
  packages.map(({ name, version }) => `${name}@${version}`).sort();

describe("npm", () => {
  const lock = (packages: object) => JSON.stringify({ lockfileVersion: 3, packages });
  const app = {
    "": { dependencies: { react: "^19" }, devDependencies: { vite: "^8" } },
    "node_modules/react": { version: "19.3.1", dependencies: { scheduler: "^1" } },
    "node_modules/react/node_modules/scheduler": { version: "1.0.0" },
    "node_modules/scheduler": { version: "2.0.0", dev: true },
    "node_modules/vite": { version: "8.3.8", dev: true, dependencies: { scheduler: "^2" } },
  };

  test("takes what Node.js would find, and nothing of development", () => {
    expect(words(npmPackages(lock(app)))).toEqual(["react@19.3.1", "scheduler@1.0.0"]);
  });

  test("takes what others expect beside them, unless they can do without", () => {
    const peers = { peerDependencies: { scheduler: "*", typescript: "*" }, peerDependenciesMeta: { typescript: { optional: true } } };
    const all = { ...app, "node_modules/react": { version: "19.3.1", ...peers }, "node_modules/typescript": { version: "6.0.0" } };
    expect(words(npmPackages(lock(all)))).toEqual(["react@19.3.1", "scheduler@1.0.0"]);
  });

  test("leaves out programs for single platforms", () => {
    const all = {
      ...app,
      "node_modules/react": { version: "19.3.1", optionalDependencies: { fsevents: "2" } },
      "node_modules/fsevents": { version: "2.0.0" },
    };
    expect(words(npmPackages(lock(all)))).toEqual(["react@19.3.1"]);
  });

  test("follows workspaces, and names a package by its own name", () => {
    const all = {
      "": { dependencies: { never: "1" } },
      app: { name: "@shop/app", version: "1.0.0", dependencies: { "@shop/core": "1", alias: "npm:real@3" } },
      core: { name: "@shop/core", version: "1.0.1", dependencies: { lodash: "4" } },
      "core/node_modules/lodash": { version: "4.0.0" },
      "node_modules/@shop/core": { link: true, resolved: "core" },
      "node_modules/alias": { name: "real", version: "3.0.0", dependencies: { "@shop/core": "1" } },
    };
    expect(words(npmPackages(lock(all), "app"))).toEqual(["@shop/core@1.0.1", "lodash@4.0.0", "real@3.0.0"]);
  });

  test.each([
    ["that has no such workspace", app, "web", "no web"],
    ["that lacks a package", { "": { dependencies: { react: "^19" } } }, "", "no react, which its own package needs"],
  ])("refuses a lock file %s", (_, packages, workspace, part) => {
    expect(() => npmPackages(lock(packages), workspace)).toThrow(part);
  });
});

describe("pnpm", () => {
  const lock = (more: object = {}) =>
    stringify({
      lockfileVersion: "9.0",
      importers: {
        ".": { devDependencies: { eslint: { version: "9.0.0" } } },
        ui: {
          dependencies: {
            react: { version: "19.3.0" },
            redux: { version: "9.0.0(react@19.3.0)" },
            promql: { version: "link:../module/promql" },
          },
          devDependencies: { vite: { version: "6.0.0" } },
        },
        "module/promql": { dependencies: { "@lezer/lr": { version: "1.4.0" } } },
      },
      snapshots: {
        "react@19.3.0": {},
        "redux@9.0.0(react@19.3.0)": { dependencies: { react: "19.3.0", old: "other@1.0.0" }, optionalDependencies: { fsevents: "2.0.0" } },
        "other@1.0.0": { dependencies: { "@lezer/lr": "1.3.0" } },
        "@lezer/lr@1.4.0": {},
        "@lezer/lr@1.3.0": {},
        "vite@6.0.0": {},
        "eslint@9.0.0": {},
        ...more,
      },
    });

  test("takes what a workspace needs, and what the workspaces need that it links", () => {
    expect(words(pnpmPackages(lock(), "ui"))).toEqual(["@lezer/lr@1.3.0", "@lezer/lr@1.4.0", "other@1.0.0", "react@19.3.0", "redux@9.0.0"]);
  });

  test("a package that stands beside different others is one", () => {
    const twice = { "other@1.0.0": { dependencies: { redux: "9.0.0" } }, "redux@9.0.0": {} };
    expect(words(pnpmPackages(lock(twice), "ui")).filter((word) => word.startsWith("redux"))).toEqual(["redux@9.0.0"]);
  });

  test("refuses a lock file that has no such workspace, or lacks a package", () => {
    expect(() => pnpmPackages(lock(), "web")).toThrow("no web");
    expect(() => pnpmPackages(lock({ "other@1.0.0": undefined }), "ui")).toThrow("no other@1.0.0");
  });
});

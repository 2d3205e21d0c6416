import { createNodeResolver, importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

/** Folders and files, the lowest first: none imports from one behind it. */
const layers = ["configs", "components", "index.ts", "render", "cli", "images", "policy", "examples", "tests"];
const upwards = layers.flatMap((layer, at) => layers.slice(at + 1).map((above) => ({ target: `./${layer}`, from: `./${above}` })));

export default tseslint.config(
  { ignores: ["**/node_modules/", "dist/", "rendered/", "docs/api/", "images/otel-collector/generated/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts", "**/*.mts", "**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { "import-x": importX },
    settings: {
      "import-x/resolver-next": [createNodeResolver({ extensions: [".ts", ".tsx", ".mts", ".js", ".json"] })],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts", ".tsx", ".mts"] },
    },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      "no-eval": "error",
      "prefer-const": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Pulumi resources live by being made.
      "no-new": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "import-x/no-restricted-paths": ["error", { zones: upwards }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
    },
  },
  {
    files: ["tests/**/*.ts"],
    rules: {
      // A test of bad input must be able to make it, and modules are loaded anew for each run of the program.
      "@typescript-eslint/no-require-imports": "off",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports", disallowTypeAnnotations: false }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/require-await": "off",
      // What a parsed file holds is said once, where it is parsed.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
    },
  },
  {
    files: ["images/**/*.ts", "cli/**/*.ts", "tests/chaos/**/*.ts"],
    // Guards on pinned versions are always true, until the version changes.
    rules: { "@typescript-eslint/no-unnecessary-condition": "off" },
  },
  {
    files: ["components/**/*.ts", "configs/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", { name: "process", message: "What an operator may change is stack config." }],
      "no-console": "error",
    },
  },
  {
    files: ["configs/**/*.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ regex: "@pulumi", message: "configs/ is pure: it knows no resources." }] }],
    },
  },
);

import { defineConfig } from "vite";

export default defineConfig({
  // Relative to <base>. Jaeger serves files from static/ and answers every other path with index.html.
  base: "./",
  build: { assetsDir: "static" },
});

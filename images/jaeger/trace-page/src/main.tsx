import "@mantine/core/styles.css";
import "./page.css";
import { createRoot } from "react-dom/client";
import { MantineProvider } from "@mantine/core";
import { App } from "./app";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <MantineProvider defaultColorScheme="auto">
      <App />
    </MantineProvider>,
  );
}

/** The browser of whoever runs a command. */
import { note } from "./output";

/** True if a page can be shown: the output is a terminal, and there is a desktop. */
export function hasBrowser(platform = process.platform, environment = process.env, terminal = process.stdout.isTTY): boolean {
  if (!terminal || environment.CI) return false;
  return platform === "linux" ? Boolean(environment.DISPLAY ?? environment.WAYLAND_DISPLAY) : platform === "darwin" || platform === "win32";
}

/** Shows a page where that is possible. That it cannot be shown is no failure: its address is printed anyway. */
export async function showPage(url: string): Promise<void> {
  if (!hasBrowser()) return;
  const { default: open } = await import("open");
  note(`opening ${url} in the browser`);
  const program = await open(url);
  program.once("error", () => undefined);
}

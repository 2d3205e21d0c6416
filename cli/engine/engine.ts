/** A container engine: found, or installed and started where this machine lets us. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { engineInfo, type EngineInfo } from "./docker";
import { ensure } from "../machine/ensure";
import { isAlive, statusOf } from "../machine/processes";
import { answered, holds } from "../machine/retry";
import { run, tail } from "../machine/run";
import { heartbeat, note, UserError } from "../terminal/output";
import { variable } from "../terminal/variables";

/** Files of an engine started by hand. They are gone after a reboot, like the engine. */
const runFolder = variable("TRACING_DOCKER_RUN") || "/run/tracing-docker";
const pidFile = join(runFolder, "dockerd.pid");
const logFile = join(runFolder, "dockerd.log");
const dataRoot = variable("TRACING_DOCKER_ROOT") || "/var/lib/docker";
const startTime = 60_000;

/** The engine that answers; installs and starts one if none does. */
export async function ensureEngine(): Promise<EngineInfo> {
  const found = await engineInfo();
  if (found) return found;
  const host = variable("DOCKER_HOST");
  if (host && !host.startsWith("unix://"))
    throw new UserError(`no container engine answers at DOCKER_HOST=${host}; start it, or unset DOCKER_HOST`);
  await ensure({ purposes: ["engine"] });
  // The package starts the engine where there is an init system to do so.
  const afterInstall = await engineInfo();
  if (afterInstall) return afterInstall;
  if (process.getuid?.() !== 0) {
    throw new UserError(
      "Docker is installed, but does not answer this user: start it (`sudo systemctl start docker`), or join the group `docker`",
    );
  }
  return existsSync("/run/systemd/system") ? bySystemd() : byHand(host);
}

async function bySystemd(): Promise<EngineInfo> {
  note("starting the service docker");
  const { ok, why, output } = await run("systemctl", ["start", "docker"], { timeout: startTime });
  const info = ok ? await engineInfo() : undefined;
  if (!info) throw new UserError(`the service docker does not start: ${why}; see \`journalctl -u docker\`\n${tail(output)}`);
  return info;
}

/** Without an init system, starts the daemon as a process that outlives this one. */
async function byHand(host = "unix:///var/run/docker.sock"): Promise<EngineInfo> {
  note(`starting dockerd, data in ${dataRoot}, log in ${logFile}`);
  mkdirSync(runFolder, { recursive: true, mode: 0o711 });
  // Left by a daemon that was killed. Where its number has gone to another program, dockerd would take that for itself and refuse.
  if (!recordedDaemon()) rmSync(pidFile, { force: true });
  const log = openSync(logFile, "a", 0o600);
  const args = ["--host", host, "--data-root", dataRoot, "--exec-root", join(runFolder, "exec"), "--pidfile", pidFile];
  const daemon = spawn("dockerd", args, { detached: true, stdio: ["ignore", log, log] });
  let ended = false;
  daemon.on("exit", () => (ended = true)).on("error", () => (ended = true));
  daemon.unref();
  const wait = async () => {
    const answer = async () => (ended ? "ended" : engineInfo());
    const info = await answered(answer, { within: startTime });
    if (info !== undefined && info !== "ended") return info;
    throw new UserError(
      `dockerd ${ended ? "ended" : `does not answer within ${startTime / 1000} s`}:\n${tail(readFileSync(logFile, "utf8"), 5)}`,
    );
  };
  return heartbeat("starting dockerd", wait());
}

/** Stops the engine that {@link ensureEngine} started by hand; any other is none of our business. */
export async function stopEngine(): Promise<void> {
  const pid = recordedDaemon();
  if (pid === undefined) {
    note("no engine that `make engine` started is running");
    return;
  }
  process.kill(pid, "SIGTERM");
  const ended = () => Promise.resolve(recordedDaemon() !== pid);
  await heartbeat("stopping dockerd", holds(ended, { every: 200 }));
  rmSync(pidFile, { force: true });
  note("dockerd is stopped");
}

/** Number of the daemon that we started; undefined where it has ended, whatever program has its number now. */
function recordedDaemon(): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, "utf8"));
    return isAlive(pid) && statusOf(pid)?.name === "dockerd" ? pid : undefined;
  } catch {
    return undefined;
  }
}

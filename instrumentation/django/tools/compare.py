"""What tracing adds to a request's processor time: no tracing, OpenTelemetry's own instrumentations, and this package, in one run.

    python tools/compare.py [--rounds 24] [--requests 100]          make django-bench

Each is a process of its own that answers requests itself, without a web server: a round each, in turn, again and again. So whatever else
the machine does falls on all alike, and processor time leaves it out. It has the exports: each round ends with a flush, to a stand-in for
the Collector. PostgreSQL and Redis are real. All have OTEL_SEMCONV_STABILITY_OPT_IN=http/dup, so they record the same.
The share is this package's added time by that of the official instrumentations: of all rounds together, and quartiles of the rounds' own.
"""

import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "tests"), str(FOLDER)]

import in_rounds  # noqa: E402
from collector import Collector  # noqa: E402
from conftest import EXAMPLE  # noqa: E402
from e2e import systems  # noqa: E402

GOAL = 0.75
# Name: server's interface, method, path, share of the requests of a round.
PATHS = {
    "empty view": ("wsgi", "GET", "/empty/", 4),
    "one cache hit": ("wsgi", "GET", "/api/chat/rooms/", 2),
    "one query": ("wsgi", "GET", "/api/chat/rooms/1/", 1),
    "payment (row, cache, call, task)": ("wsgi", "POST", "/api/payments/7/", 0.3),
    "empty asynchronous view": ("asgi", "GET", "/empty-async/", 2),
}
OTHERS = {"sentry": "sentry_sdk", "datadog": "ddtrace"}


class Worker:
    """A process that answers requests."""

    def __init__(self, kind, folder, env):
        self.collector = Collector()
        own = {**env, "OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.endpoint, "OTEL_SEMCONV_STABILITY_OPT_IN": "http/dup"}
        own["PYTHONPATH"] = os.pathsep.join([str(EXAMPLE), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.log = (folder / f"{kind}.log").open("w")
        command = [sys.executable, str(FOLDER / "compare_worker.py"), kind]
        self.process = subprocess.Popen(
            command, cwd=EXAMPLE, env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit(f"{kind}: {Path(self.log.name).read_text()[-2000:]}")

    def times(self, by, method, path, count):
        self.process.stdin.write(json.dumps({"by": by, "method": method, "path": path, "count": count}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(Path(self.log.name).read_text()[-2000:])
        return json.loads(line)

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            # ddtrace goes on looking for its agent.
            self.process.kill()
        self.collector.stop()
        self.log.close()


def added(times, base):
    return [one["cpu"] - other["cpu"] for one, other in zip(times, base, strict=True)]


def share_of(times):
    """The share over all rounds, its quartiles, and the share of the rounds' medians."""
    ours, official = added(times["ours"], times["none"]), added(times["official"], times["none"])
    low, _, high = statistics.quantiles([a / b for a, b in zip(ours, official, strict=True)], n=4)
    return statistics.median(ours) / statistics.median(official), low, high


def microseconds(times):
    return statistics.median(one["cpu"] for one in times) * 1e6


def walls(times):
    found = statistics.quantiles([wall for one in times for wall in one["walls"]], n=100, method="inclusive")
    return f"{found[49] * 1e3:.2f} / {found[94] * 1e3:.2f}"


def main():
    options = in_rounds.parser(__doc__, rounds=24)
    options.add_argument("--only", default="", help="a part of the requests' names")
    in_rounds.run(options, measure)


def measure(folder, rounds, requests, only):
    kinds = ["none", "official", "ours", *(kind for kind, library in OTHERS.items() if importlib.util.find_spec(library))]
    gateway = systems.Gateway()
    with contextlib.ExitStack() as running:
        running.callback(gateway.stop)
        env = running.enter_context(systems.servers(folder, gateway))
        workers = {}
        for kind in kinds:
            workers[kind] = Worker(kind, folder, env)
            running.callback(workers[kind].stop)
        print(f"{rounds} rounds of {requests} requests and shares of it; {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}")
        print("CPU: median of the rounds, and added to none. P50 / P95 in milliseconds, which other load does reach.\n")
        missed = [name for name in PATHS if only in name and not is_met(name, workers, rounds, requests)]
    print(f"\ngoal: at most {GOAL} of what the official instrumentations add; {'missed by: ' + ', '.join(missed) if missed else 'met'}")


def is_met(name, workers, rounds, requests):
    by, method, path, share = PATHS[name]
    count = max(2, round(requests * share))
    times, spans = {kind: [] for kind in workers}, {}
    for kind, worker in workers.items():
        # Caches, connections and the interpreter are warm from here on.
        worker.times(by, method, path, count)
        before = len(worker.collector.named)
        worker.times(by, method, path, 2)
        spans[kind] = Counter(span.name for span in worker.collector.named[before:])
    for i in range(rounds):
        order = list(workers.items())
        for kind, worker in order[i % len(order) :] + order[: i % len(order)]:
            times[kind].append(worker.times(by, method, path, count))
    print(
        f"{name}: {sum(spans['official'].values()) / 2:g} spans by the official ones, {sum(spans['ours'].values()) / 2:g} by this package"
    )
    for kind in workers:
        cpu, base = microseconds(times[kind]), microseconds(times["none"])
        print(f"    {kind:<10}{cpu:9.0f} µs  x{cpu / base:5.2f}  added {cpu - base:8.0f} µs   P50 / P95 {walls(times[kind])} ms")
    found, low, high = share_of(times)
    print(f"    added by this package / by the official ones: {found:.2f} ({low:.2f} to {high:.2f})", flush=True)
    if spans["official"] != spans["ours"]:
        print(f"    spans differ: official {dict(spans['official'])}, this package {dict(spans['ours'])}")
    return found <= GOAL


if __name__ == "__main__":
    main()

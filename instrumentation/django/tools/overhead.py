"""What tracing costs a request: the example with the package, as a ratio to the same example without it, in one run.

    python tools/overhead.py [--rounds 30] [--requests 100]          make django-overhead

Three servers answer in turn, a round each, again and again: without the package, with it and a Collector, with it and none. So whatever
else the machine does falls on all three alike. P50 and P95 are those of all rounds together; the spread is that of the rounds' own
ratios (quartiles). CPU is the processor time that a server took for a request, with its exports; other load does not add to it.
PostgreSQL and Redis are real. The payment gateway answers at once, or after the time that a gateway across a network takes.
"""

import contextlib
import http.client
import os
import statistics
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "tests"), str(FOLDER)]

import in_rounds  # noqa: E402
from conftest import EXAMPLE  # noqa: E402
from e2e import systems  # noqa: E402

# Name: method, path, seconds that the gateway takes, share of the requests of a round.
PATHS = {
    "one cache hit": ("GET", "/api/chat/rooms/", 0, 1),
    "one query": ("GET", "/api/chat/rooms/1/", 0, 1),
    "payment (row, cache, call, task)": ("POST", "/api/payments/7/", 0, 1),
    "payment, 50 ms of them the call": ("POST", "/api/payments/7/", 0.05, 0.25),
}
GUNICORN = ("-w", "1", "-k", "gthread", "--threads", "2", "--keep-alive", "60", "--log-level", "warning")


def server(folder, name, env):
    own = folder / name
    own.mkdir()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "-b", f"127.0.0.1:{(port := systems.free_port())}", *GUNICORN]
    process = systems.Process("gunicorn", command, own, {**env, "PYTHONPATH": f"{EXAMPLE}:{FOLDER}"})

    def answers():
        try:
            return systems.get(f"http://127.0.0.1:{port}/health/")[0] == 200
        except OSError:
            return False

    systems.eventually(name, 60, answers)
    return process, http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def round_of(connection, method, path, requests):
    """Seconds of each request of a round."""
    times = []
    for _ in range(requests):
        began = time.perf_counter()
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        times.append(time.perf_counter() - began)
        assert answer.status < 300, answer.status
    return times


def cpu_seconds(process):
    """Processor time that a server's processes have used, exports included. Other load on the machine does not add to it."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == process.popen.pid:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def percentile(times, percent):
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


def row(name, kind, base, own, cpu, base_cpu):
    """A line of the table."""
    cells = []
    for percent in (50, 95):
        flat = [time for times in own for time in times], [time for times in base for time in times]
        ratio = percentile(flat[0], percent) / percentile(flat[1], percent)
        rounds = [percentile(a, percent) / percentile(b, percent) for a, b in zip(own, base, strict=True)]
        low, _, high = statistics.quantiles(rounds, n=4)
        cells.append(f"{percentile(flat[0], percent) * 1000:6.2f} ms  {ratio:5.2f} ({low:.2f} to {high:.2f})")
    return f"{name:<34}{kind:<16}{cells[0]}   {cells[1]}   {cpu * 1000:6.2f} ms  {cpu / base_cpu:5.2f}"


def main():
    in_rounds.run(in_rounds.parser(__doc__, rounds=30), measure)


def measure(folder, rounds, requests):
    gateway = systems.Gateway()
    try:
        with systems.servers(folder, gateway) as env, contextlib.ExitStack() as running:
            kinds = {
                "without": {"DJANGO_SETTINGS_MODULE": "without"},
                "Collector up": systems.SENDING,
                "Collector down": {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{systems.free_port()}"},
            }
            connections, servers = {}, {}
            for kind, own in kinds.items():
                process, connections[kind] = server(folder, kind.replace(" ", "-"), {**env, **own})
                running.callback(process.stop)
                servers[kind] = process
            load = os.getloadavg()[0]
            print(f"{rounds} rounds of {requests} requests; {os.cpu_count()} cores, load before {load:.1f}\n")
            print(f"{'request':<34}{'':<16}{'P50':>9}  ratio (quartiles)      {'P95':>9}  ratio (quartiles)         CPU  ratio")
            for name, (method, path, delay, share) in PATHS.items():
                gateway.delay = delay
                asked = max(2, round(requests * share))
                times = {kind: [] for kind in connections}
                for connection in connections.values():
                    round_of(connection, method, path, asked)
                before = {kind: cpu_seconds(process) for kind, process in servers.items()}
                for i in range(rounds):
                    order = list(connections.items())
                    for kind, connection in order[i % 3 :] + order[: i % 3]:
                        times[kind].append(round_of(connection, method, path, asked))
                cpu = {kind: (cpu_seconds(process) - before[kind]) / (rounds * asked) for kind, process in servers.items()}
                for kind in connections:
                    print(row(name, kind, times["without"], times[kind], cpu[kind], cpu["without"]), flush=True)
    finally:
        gateway.stop()


if __name__ == "__main__":
    main()

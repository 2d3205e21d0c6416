"""Real servers on ports of their own: PostgreSQL and Redis of Debian's packages, gunicorn, a Celery worker, and a payment gateway."""

import contextlib
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from conftest import EXAMPLE

COLLECTOR = os.environ.get("E2E_COLLECTOR", "http://127.0.0.1:4318")
JAEGER = os.environ.get("E2E_JAEGER", "http://127.0.0.1:16686")
JAEGER_SAMPLING = os.environ.get("E2E_JAEGER_SAMPLING", "http://127.0.0.1:5778")
COLLECTOR_METRICS = os.environ.get("E2E_COLLECTOR_METRICS", "http://127.0.0.1:8889")
PROMETHEUS = os.environ.get("E2E_PROMETHEUS", "http://127.0.0.1:9091")
SERVICE = "thebot-platform"
# File with the token that the stack asks senders for, if it does.
TOKEN_FILE = os.environ.get("E2E_TOKEN_FILE")
SENDING = {"OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR} | ({"TRACING_OTLP_TOKEN_FILE": TOKEN_FILE} if TOKEN_FILE else {})
"""The environment of an application that sends to the stack."""
CREDENTIAL = {"authorization": f"Bearer {Path(TOKEN_FILE).read_text().strip()}"} if TOKEN_FILE else {}
"""The headers of a request to the Collector."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, seconds, attempt, pause=0.3):
    """What `attempt` gives, asked until it is neither None nor False."""
    until = time.monotonic() + seconds
    while True:
        found = attempt()
        if found is not None and found is not False:
            return found
        assert time.monotonic() < until, f"{what}: not within {seconds} s"
        time.sleep(pause)


def get(url, headers=None, method="GET", body=None, timeout=30):
    """Status, headers and text."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, headers or {}, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


class Process:
    """A server in a process group of its own, its output in a file; ended by its id."""

    def __init__(self, name, command, folder, env=None, cwd=EXAMPLE, user=None, end=signal.SIGTERM):
        self.end = end
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                command, cwd=cwd, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, user=user
            )

    @property
    def text(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        if self.popen.poll() is None:
            self.popen.send_signal(self.end)
        try:
            self.popen.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.popen.pid, signal.SIGKILL)
            raise


def postgres(folder):
    """PostgreSQL refuses root: it runs as Debian's own user there. Returns process and port."""
    programs = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    user = "postgres" if os.geteuid() == 0 else None
    data = folder / "postgres"
    data.mkdir()
    if user:
        shutil.chown(data, user)
    port = free_port()
    subprocess.run(
        [f"{programs}/initdb", "-D", data, "-U", "example", "-A", "trust", "--no-sync"],
        check=True, user=user, cwd="/", stdout=subprocess.DEVNULL,
    )  # fmt: skip
    # SIGINT: it ends at once. With SIGTERM it would wait until each of its clients has gone.
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}", "-c", "fsync=off", "-p", str(port)]
    process = Process("postgres", [f"{programs}/postgres", "-D", data, *options], folder, cwd="/", user=user, end=signal.SIGINT)
    ready = [f"{programs}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    eventually("PostgreSQL", 30, lambda: subprocess.run(ready, check=False).returncode == 0)
    subprocess.run([f"{programs}/createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "example", "example"], check=True)
    return process, port


def mysql(folder):
    """MariaDB, of Debian's packages, with an empty database. Returns process and port."""
    data = folder / "mysql"
    account = ["--user=root"] if os.geteuid() == 0 else []
    made = ["--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db", *account]
    subprocess.run(["mariadb-install-db", *made], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port, socket_file = free_port(), folder / "mysql.sock"
    options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={socket_file}", f"--pid-file={folder}/mysql.pid", *account]
    server = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
    process = Process("mysql", [server, "--no-defaults", f"--datadir={data}", *options], folder, cwd="/")
    prepare = "CREATE DATABASE example; CREATE USER example@'%' IDENTIFIED BY 'example'; GRANT ALL ON example.* TO example@'%'"
    client = ["mariadb", "--no-defaults", f"--socket={socket_file}", "-uroot", "-e", prepare]
    eventually("MariaDB", 60, lambda: subprocess.run(client, check=False, stderr=subprocess.DEVNULL).returncode == 0)
    return process, port


def redis(folder):
    """Redis that keeps nothing. Returns process and URL."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = Process("redis", ["redis-server", *options], folder)

    def answers():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
        return False

    eventually("Redis", 30, answers)
    return process, f"redis://127.0.0.1:{port}"


@contextlib.contextmanager
def servers(folder, gateway):
    """PostgreSQL, migrated, and Redis, as long as the block lasts. Gives the environment in which the example finds them."""
    started = []
    try:
        process, port = postgres(folder)
        started.append(process)
        process, redis_url = redis(folder)
        started.append(process)
        env = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "TRACING_"))}
        env |= {"POSTGRES_PORT": str(port), "REDIS_URL": redis_url, "PAYMENT_GATEWAY": gateway.url}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=EXAMPLE, env={**env, "ENVIRONMENT": "test"}, check=True)
        yield env
    finally:
        for process in reversed(started):
            process.stop()


class Gateway:
    """The payment gateway: remembers the headers of each request, and takes `delay` seconds for an answer."""

    def __init__(self):
        self.headers = []
        self.delay = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.headers.append({key.lower(): value for key, value in self.headers.items()})
                time.sleep(outer.delay)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def gunicorn(port, *options):
    """The command of a web server on a port."""
    return [sys.executable, "-m", "gunicorn", "config.wsgi", "-b", f"127.0.0.1:{port}", "--graceful-timeout", "20", *options]


def uwsgi(port, *options):
    """The same of uWSGI, as its users run it."""
    program = Path(sys.executable).with_name("uwsgi")
    return [program, "--http-socket", f"127.0.0.1:{port}", "--module", "config.wsgi", "--need-app", "--master", "--die-on-term", *options]


def uvicorn(port, *options):
    """The same of an asynchronous server."""
    return [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port), *options]


class Application:
    """The example: a web server and, where asked for, a worker, with a ledger of their spans."""

    def __init__(self, folder, env, options=(), worker=None, server=gunicorn):
        self.folder = folder
        self.ledger_folder = folder / "ledger"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {**env, "SPAN_LEDGER": str(self.ledger_folder)}
        # Tasks that an application without a worker has sent would be run by this one's.
        subprocess.run(["redis-cli", "-u", env["REDIS_URL"], "FLUSHALL"], check=True, stdout=subprocess.DEVNULL)
        self.web = Process(server.__name__, server(self.port, *options), folder, self.env)
        self.worker = None
        if worker is not None:
            command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", "prefork", "-l", "info", *worker]
            self.worker = Process("celery", command, folder, self.env)
            eventually("the worker", 60, lambda: " ready." in self.worker.text)
        eventually(server.__name__, 60, self._answers)

    def _answers(self):
        with contextlib.suppress(OSError):
            return get(f"{self.url}/health/", timeout=5)[0] == 200
        return False

    def ledger(self):
        """{trace id: {span id: name}} of all processes."""
        traces = {}
        for file in self.ledger_folder.glob("*.txt"):
            for line in file.read_text().splitlines():
                trace_id, span_id, name = line.split(" ", 2)
                traces.setdefault(trace_id, {})[span_id] = name
        return traces

    def stop(self):
        self.web.stop()
        if self.worker:
            self.worker.stop()


def spans_of(trace_id):
    """Spans of a trace as Jaeger has them; empty where it has none."""
    status, _, text = get(f"{JAEGER}/api/traces/{trace_id}")
    return json.loads(text)["data"][0]["spans"] if status == 200 else []


def find(correlation_id):
    """Traces that Jaeger finds by the id."""
    tags = urllib.parse.quote(json.dumps({"correlation_id": correlation_id}))
    status, _, text = get(f"{JAEGER}/api/traces?service={SERVICE}&tags={tags}&lookback=1h&limit=20")
    assert status == 200, text
    return json.loads(text)["data"]


def tags_of(span):
    return {tag["key"]: tag["value"] for tag in span["tags"]}


def stored(traces, seconds):
    """Waits until each trace is stored as the ledger has it; returns spans that are missing at last, and how many there are twice.

    It gives up after `seconds` in which no further span came: many traces may take longer to ask for.
    """
    waiting = {trace_id: set(spans) for trace_id, spans in traces.items()}
    doubled, until = 0, time.monotonic() + seconds
    while waiting:
        before = sum(map(len, waiting.values()))
        for trace_id in list(waiting):
            found = [span["spanID"] for span in spans_of(trace_id)]
            waiting[trace_id] = set(traces[trace_id]) - set(found)
            if not waiting[trace_id]:
                doubled += len(found) - len(set(found))
                del waiting[trace_id]
        if sum(map(len, waiting.values())) < before:
            until = time.monotonic() + seconds
        elif time.monotonic() > until:
            break
        if waiting:
            time.sleep(1)
    return waiting, doubled

"""A small service under real servers, and no stack: the Collector is the test's own."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from e2e.systems import eventually, free_port, get

FILES = {
    "service.py": """
ROOT_URLCONF = "urls"
SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
MIDDLEWARE = ["thebot_tracing.middleware.CorrelationIDMiddleware"]
from thebot_tracing import init_tracing, setup_metrics
init_tracing()
setup_metrics()
""",
    "urls.py": """
import time
from django.http import HttpResponse
from django.urls import path
def slow(request):
    time.sleep(60)
urlpatterns = [path("ok/", lambda request: HttpResponse("ok")), path("slow/", slow)]
""",
    "wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
    "asgi.py": """
from django.core.asgi import get_asgi_application
from thebot_tracing.asgi import flush_at_shutdown
application = flush_at_shutdown(get_asgi_application())
""",
    "tasks.py": """
import os, django
from celery import Celery
django.setup()
folder = os.environ["QUEUE"]
app = Celery("small", broker="filesystem://")
app.conf.broker_transport_options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": f"{folder}-control"}
app.conf.worker_hijack_root_logger = False
@app.task
def work(number):
    return number
""",
    "publish.py": """
import sys, tasks
from thebot_tracing import get_tracer, set_correlation_id
for number in range(int(sys.argv[1])):
    with get_tracer("t").start_as_current_span("order"):
        set_correlation_id(f"order-{number}")
        tasks.work.delay(number)
""",
}
_WSGI = ("-b", "127.0.0.1:{port}", "wsgi")
_UWSGI = (
    "uwsgi", "--http-socket", "127.0.0.1:{port}", "--module", "wsgi", "--need-app", "--master", "--die-on-term", "--processes", "2",
    "--enable-threads", "--hook-master-start", "unix_signal:15 gracefully_kill_them_all",
)  # fmt: skip
_UVICORN = ("uvicorn", "--port", "{port}", "asgi:application")
SERVERS = {
    "gunicorn sync": ("gunicorn", "-w", "2", *_WSGI),
    "gunicorn sync, preload": ("gunicorn", "-w", "2", "--preload", *_WSGI),
    "gunicorn gthread": ("gunicorn", "-w", "2", "-k", "gthread", "--threads", "4", *_WSGI),
    "gunicorn gthread, preload": ("gunicorn", "-w", "2", "-k", "gthread", "--threads", "4", "--preload", *_WSGI),
    "gunicorn gevent": ("gunicorn", "-w", "2", "-k", "gevent", *_WSGI),
    "gunicorn gevent, preload": ("gunicorn", "-w", "2", "-k", "gevent", "--preload", *_WSGI),
    "uvicorn, lifespan on": (*_UVICORN, "--lifespan", "on"),
    "uvicorn, lifespan auto": (*_UVICORN, "--lifespan", "auto"),
    "uvicorn, lifespan off": (*_UVICORN, "--lifespan", "off"),
    "uwsgi": (*_UWSGI, "--py-call-uwsgi-fork-hooks"),
    "uwsgi, lazy": (*_UWSGI, "--lazy-apps"),
}
POOLS = {
    "prefork": ("-P", "prefork", "-c", "2"),
    "prefork, renewed": ("-P", "prefork", "-c", "2", "--max-tasks-per-child=5"),
    "gevent": ("-P", "gevent", "-c", "10"),
    "eventlet": ("-P", "eventlet", "-c", "10"),
    "threads": ("-P", "threads", "-c", "2"),
    "solo": ("-P", "solo"),
}


class Alone:
    """Starts programs of the small service, and ends them.

    Args:
        folder: gets the service's files, and a log for each program.
        endpoint: the Collector.
    """

    def __init__(self, folder, endpoint):
        self.folder = folder
        self.started = []
        (folder / "queue").mkdir()
        for name, text in FILES.items():
            (folder / name).write_text(text)
        self.env = {
            **os.environ, "DJANGO_SETTINGS_MODULE": "service", "PYTHONPATH": str(folder), "QUEUE": str(folder / "queue"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "otlp",
        }  # fmt: skip

    def start(self, program, *options, **env):
        """Start a program that stands beside Python; gives its process and log."""
        log = self.folder / f"{len(self.started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [Path(sys.executable).with_name(program), *options], cwd=self.folder, env={**self.env, **env}, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        return process, log

    def serve(self, kind, *more, **env):
        """Start a server; gives its process, address and log."""
        port = free_port()
        program, *options = (option.format(port=port) for option in SERVERS[kind])
        process, log = self.start(program, *more, *options, **env)
        # Not a request: the first ones of each worker come all at once.
        # And a worker of uWSGI that is told to end while it starts does not hear it.
        began = {"gunicorn": ("Booting worker", 1), "uvicorn": ("Uvicorn running", 1), "uwsgi": ("spawned uWSGI worker", 2)}
        if "--lazy-apps" in options:
            began["uwsgi"] = ("WSGI app 0 (mountpoint='') ready", 2)
        text, times = began[program]
        eventually("the server", 60, lambda: log.read_text().count(text) >= times)
        return process, f"http://127.0.0.1:{port}", log

    def work(self, pool, **env):
        """Start a worker; gives its process and log."""
        process, log = self.start("celery", "-A", "tasks", "worker", "-l", "info", *POOLS[pool], **env)
        eventually("the worker", 60, lambda: " ready." in log.read_text())
        return process, log

    def publish(self, count):
        """Send so many tasks, each below a span of its own."""
        subprocess.run([sys.executable, "publish.py", str(count)], cwd=self.folder, env=self.env, check=True, timeout=120)

    def stop(self):
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)


def ask(url, count=60):
    """Statuses of requests, of which eight are under way at a time."""
    with ThreadPoolExecutor(8) as clients:
        return list(clients.map(lambda _: get(f"{url}/ok/")[0], range(count)))


def end(process):
    """Ask a program to end; gives the seconds that it takes."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    return time.monotonic() - began

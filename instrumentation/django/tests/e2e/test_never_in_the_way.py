"""Servers in every way that people run them, against a Collector of the test's own: all requests answered, all spans there, a quick end."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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
}
GUNICORN = {
    "sync": ["-w", "2"],
    "sync, preload": ["-w", "2", "--preload"],
    "gthread": ["-w", "2", "-k", "gthread", "--threads", "4"],
    "gthread, preload": ["-w", "2", "-k", "gthread", "--threads", "4", "--preload"],
    "gevent": ["-w", "2", "-k", "gevent"],
    "gevent, preload": ["-w", "2", "-k", "gevent", "--preload"],
}


@pytest.fixture
def serve(tmp_path, collector):
    """Starts a server; gives its process, address and log."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    started = []

    def begin(program, *options, endpoint=collector.endpoint):
        port = free_port()
        command = [Path(sys.executable).with_name(program), *(option.format(port=port) for option in options)]
        env = {**os.environ, "DJANGO_SETTINGS_MODULE": "service", "PYTHONPATH": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        env |= {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "otlp"}
        log = tmp_path / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=output, stderr=output, start_new_session=True)
        started.append(process)
        # Not a request: the first ones of each worker come all at once.
        eventually("the server", 60, lambda: "Booting worker" in log.read_text() or "Uvicorn running" in log.read_text())
        return process, f"http://127.0.0.1:{port}", log

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


def ask(url, count=60):
    with ThreadPoolExecutor(8) as clients:
        return list(clients.map(lambda _: get(f"{url}/ok/")[0], range(count)))


def stop(process):
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    return time.monotonic() - began


def gunicorn(serve, kind, *more, **options):
    return serve("gunicorn", *GUNICORN[kind], *more, "-b", "127.0.0.1:{port}", "wsgi", **options)


@pytest.mark.parametrize("kind", GUNICORN)
def test_under_gunicorn_no_request_fails_and_no_span_is_lost(serve, collector, kind):
    process, url, log = gunicorn(serve, kind)
    assert ask(url) == [200] * 60, log.read_text()
    stop(process)
    assert [span.name for span in collector.named] == ["GET ok/"] * 60
    assert {span.parent_span_id for span in collector.named} == {b""}
    assert "un-acquired" not in log.read_text()


@pytest.mark.parametrize("kind", ["sync", "gthread", "gevent, preload"])
def test_without_a_collector_requests_are_answered_and_the_end_comes_in_time(serve, kind):
    process, url, _ = gunicorn(serve, kind)
    assert ask(url) == [200] * 60
    of_the_server = stop(process)
    process, url, log = gunicorn(serve, kind, endpoint="http://127.0.0.1:9")
    assert ask(url) == [200] * 60
    assert stop(process) < of_the_server + 5.5
    assert "spans dropped" in log.read_text()


def test_a_request_that_hits_the_timeout_of_gunicorn_has_its_span_with_an_error(serve, collector):
    process, url, _ = gunicorn(serve, "sync", "--timeout", "2")
    # gunicorn answers with an error or not at all.
    with contextlib.suppress(OSError):
        assert get(f"{url}/slow/")[0] == 500
    eventually("the span", 20, lambda: len(collector.named) >= 1)
    (span,) = collector.named
    assert (span.name, span.status.code, span.parent_span_id) == ("GET slow/", 2, b"")
    assert "SystemExit" in [entry.value.string_value for entry in span.events[0].attributes]
    stop(process)


@pytest.mark.parametrize("lifespan", ["on", "auto", "off"])
def test_under_uvicorn_spans_arrive_whatever_the_lifespan(serve, collector, lifespan):
    process, url, log = serve("uvicorn", "--lifespan", lifespan, "--port", "{port}", "asgi:application")
    assert ask(url) == [200] * 60
    stop(process)
    assert len(collector.named) >= (60 if lifespan != "off" else 50)
    assert ("no lifespan events" in log.read_text()) is (lifespan == "off")

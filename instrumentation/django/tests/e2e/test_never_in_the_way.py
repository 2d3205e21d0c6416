"""Servers and workers in every way that people run them, against a Collector of the test's own.

All requests are answered, all spans are there, once, and the end is quick.
"""

import contextlib
import importlib.util
import signal
import threading
import time
from pathlib import Path

import opentelemetry.instrumentation
import pytest

from e2e.alone import POOLS, SERVERS, Alone, ask, end
from e2e.systems import eventually, get

AWAY = "http://127.0.0.1:9"
OUTAGE = 60
# It does not hear of its end, so what it sent last may be lost: the log says so.
DEAF = "uvicorn, lifespan off"


@pytest.fixture
def alone(tmp_path, collector):
    found = Alone(tmp_path, collector.endpoint)
    yield found
    found.stop()


class Client(threading.Thread):
    """Asks, ten times a second at most, until it is stopped."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url, self.over = url, threading.Event()
        self.answered, self.closed, self.failed, self.slowest = 0, 0, [], 0.0

    def run(self):
        while not self.over.wait(0.1):
            began = time.monotonic()
            try:
                if (status := get(self.url, timeout=180)[0]) == 200:
                    self.answered += 1
                else:
                    self.failed.append(status)
            except ConnectionError:
                # A worker that ends closes what it has not read, and may close what it has answered.
                self.closed += 1
            except OSError as error:
                self.failed.append(error)
            self.slowest = max(self.slowest, time.monotonic() - began)

    def stop(self):
        self.over.set()
        self.join()


def of_this_machine(kinds):
    return [pytest.param(kind, marks=pytest.mark.skipif(not is_there(kind), reason="not installed")) for kind in kinds]


def is_there(kind):
    return all(importlib.util.find_spec(name) is not None for name in ("gevent", "eventlet") if name in kind)


@pytest.mark.parametrize("kind", of_this_machine(SERVERS))
def test_no_request_fails_and_no_span_is_lost(alone, collector, kind):
    process, url, log = alone.serve(kind)
    assert ask(url) == [200] * 60, log.read_text()
    if kind == DEAF:
        eventually("the spans", 10, lambda: len(collector.named) == 60)
    end(process)
    assert [span.name for span in collector.named] == ["GET ok/"] * 60
    assert {span.parent_span_id for span in collector.named} == {b""}
    assert len({span.span_id for span in collector.named}) == 60
    assert "un-acquired" not in log.read_text()
    assert ("no lifespan events" in log.read_text()) is (kind == DEAF)
    if kind != DEAF:
        assert "http.server.duration" in {metric.name for metric in collector.metrics}


@pytest.mark.parametrize("kind", of_this_machine(SERVERS))
def test_without_a_collector_requests_are_answered_and_the_end_comes_in_time(alone, kind):
    process, url, _ = alone.serve(kind, OTEL_SDK_DISABLED="true")
    assert ask(url) == [200] * 60
    of_the_server = end(process)
    process, url, log = alone.serve(kind, OTEL_EXPORTER_OTLP_ENDPOINT=AWAY)
    assert ask(url) == [200] * 60
    # Five seconds, and what a busy machine takes.
    assert end(process) < of_the_server + 7
    assert kind == DEAF or "spans dropped" in log.read_text()


def test_a_request_that_hits_the_timeout_of_gunicorn_has_its_span_with_an_error(alone, collector):
    process, url, _ = alone.serve("gunicorn sync", "--timeout", "2")
    # gunicorn answers with an error or not at all.
    with contextlib.suppress(OSError):
        assert get(f"{url}/slow/")[0] == 500
    eventually("the span", 20, lambda: len(collector.named) >= 1)
    (span,) = collector.named
    assert (span.name, span.status.code, span.parent_span_id) == ("GET slow/", 2, b"")
    assert "SystemExit" in [entry.value.string_value for entry in span.events[0].attributes]
    end(process)


@pytest.mark.parametrize("kind", ["gunicorn sync", "gunicorn sync, preload", "gunicorn gthread"])
def test_where_the_operator_has_injected_opentelemetry_each_request_is_one_span_sent_once(alone, collector, kind):
    injected = Path(opentelemetry.instrumentation.__path__[0]) / "auto_instrumentation"
    process, url, log = alone.serve(
        kind, PYTHONPATH=f"{injected}:{alone.folder}", OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf", OTEL_LOGS_EXPORTER="none"
    )
    assert ask(url) == [200] * 60, log.read_text()
    end(process)
    assert [span.name for span in collector.named] == ["GET ok/"] * 60
    assert len({span.span_id for span in collector.named}) == 60
    assert "http.server.duration" in {metric.name for metric in collector.metrics}
    assert log.read_text().count("a tracer provider is set already") >= 1


@pytest.mark.parametrize("pool", of_this_machine(POOLS))
def test_each_task_is_one_span_below_its_publication(alone, collector, pool):
    process, log = alone.work(pool)
    alone.publish(30)
    eventually("the tasks", 60, lambda: log.read_text().count("succeeded") == 30)
    end(process)
    spans = {name: [span for span in collector.named if span.name == name] for name in ("apply_async/tasks.work", "run/tasks.work")}
    sent, ran = spans.values()
    assert (len(sent), len(ran), len(collector.named)) == (30, 30, 90)
    assert {span.parent_span_id for span in ran} == {span.span_id for span in sent}
    ids = [entry.value.string_value for span in ran for entry in span.attributes if entry.key == "correlation_id"]
    assert sorted(ids) == sorted(f"order-{number}" for number in range(30))


@pytest.mark.parametrize("pool", of_this_machine(POOLS))
def test_without_a_collector_tasks_run_and_the_worker_ends_in_time(alone, pool):
    process, _ = alone.work(pool, OTEL_SDK_DISABLED="true")
    of_the_worker = end(process)
    process, log = alone.work(pool, OTEL_EXPORTER_OTLP_ENDPOINT=AWAY)
    alone.publish(10)
    eventually("the tasks", 60, lambda: log.read_text().count("succeeded") == 10)
    # Its own end takes a while, and is not the same each time.
    assert end(process) < of_the_worker + 7, log.read_text()


def test_an_outage_and_a_rolling_restart_under_load_cost_no_request_and_no_span(alone, collector):
    """All servers at once: an outage of a minute, then gunicorn's workers are made anew, while clients go on."""
    kinds = [kind for kind in SERVERS if is_there(kind) and "auto" not in kind]
    # On a busy machine the application takes a while to load: gunicorn must not give its new workers up.
    patience = ("--timeout", "180")
    apps = {kind: alone.serve(kind, *(patience if kind.startswith("gunicorn") else ()), OTEL_SERVICE_NAME=kind) for kind in kinds}
    clients = {kind: Client(f"{url}/ok/") for kind, (_, url, _) in apps.items()}
    collector.status = 503
    for client in clients.values():
        client.start()
    time.sleep(OUTAGE)
    before = sum(client.answered for client in clients.values())
    assert collector.named == []
    collector.status = 200
    eventually("the spans of the outage", 30, lambda: len(collector.named) >= before)
    # An export that is not answered is tried for a minute: no request was behind one.
    assert max(client.slowest for client in clients.values()) < 5
    for kind, (process, _, _) in apps.items():
        # uvicorn of one process has no workers to make anew, and uWSGI of a wheel does not find itself again: see test_servers.py.
        # One server at a time: while its workers start, requests wait.
        if kind.startswith("gunicorn"):
            process.send_signal(signal.SIGHUP)
            time.sleep(1)
            until = clients[kind].answered + 10
            eventually(f"{kind} with new workers", 180, lambda client=clients[kind], until=until: client.answered >= until)
    for client in clients.values():
        client.stop()
    eventually("the last spans of what does not hear its end", 10, lambda: collector.counts[DEAF] >= clients[DEAF].answered)
    for kind, client in clients.items():
        took = end(apps[kind][0])
        found = f"{kind}: {client.answered} answered, {client.closed} closed, {collector.counts[kind]} spans, {client.slowest:.2f} s"
        print(f"{found}, end {took:.1f} s")
        assert client.failed == [], found
        assert client.answered > OUTAGE, found
        assert client.answered <= collector.counts[kind] <= client.answered + client.closed, found
    assert len({span.span_id for span in collector.named}) == len(collector.named)

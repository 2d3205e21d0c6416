"""Servers beside gunicorn: uWSGI, whose forks are its own, and an asynchronous one."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from e2e.systems import COLLECTOR_METRICS, eventually, find, get, stored, tags_of, uvicorn, uwsgi

REQUESTS = 200
RECYCLED = ("--processes", "2", "--max-requests", "40", "--min-worker-lifetime", "1")
LOADED = "WSGI app 0 (mountpoint='') ready"
GRACEFUL = ("--hook-master-start", "unix_signal:15 gracefully_kill_them_all")


@pytest.mark.parametrize("forks", ["--py-call-uwsgi-fork-hooks", "--lazy-apps"])
def test_under_uwsgi_nothing_is_lost_when_workers_are_recycled(start, forks):
    app = start((*RECYCLED, "--enable-threads", forks), server=uwsgi, OTEL_SERVICE_NAME=f"uwsgi{forks}")

    def ask(_):
        # A worker lives for a second at least, whatever it is asked.
        time.sleep(0.03)
        return get(f"{app.url}/api/chat/rooms/")[0]

    with ThreadPoolExecutor(2) as clients:
        assert set(clients.map(ask, range(REQUESTS))) == {200}

    def metrics():
        lines = get(f"{COLLECTOR_METRICS}/metrics")[2].splitlines()
        return any(f'job="uwsgi{forks}"' in line and line.startswith("http_server_duration") for line in lines) or None

    eventually("metrics of the workers on the Collector's port", 30, metrics)
    # A master that is told to end while it makes a worker anew waits for that one for ever: recycling must be over.
    eventually("as many workers as before", 30, lambda: app.web.text.count("The work of process") == app.web.text.count("Respawned"))
    if forks == "--lazy-apps":
        eventually("the workers' applications", 60, lambda: app.web.text.count(LOADED) == app.web.text.count("Respawned") + 2)
    # One that is forked says nothing more; it is there at once.
    time.sleep(3)
    app.stop()
    assert "uWSGI forks without" not in app.web.text
    assert app.web.text.count("Respawned uWSGI worker") >= 2
    ledger = app.ledger()
    names = [name for spans in ledger.values() for name in spans.values()]
    assert names.count("GET api/chat/rooms/") == REQUESTS
    assert stored(ledger, 60) == ({}, 0)


def test_under_uwsgi_missing_options_are_named_and_spans_arrive_all_the_same(start):
    app = start(("--processes", "2", "--enable-threads"), server=uwsgi)
    for _ in range(20):
        assert get(f"{app.url}/api/chat/rooms/")[0] == 200
    # Before the end: what a busy worker has not sent is lost then, as the log says.
    assert stored(app.ledger(), 60) == ({}, 0)
    app.stop()
    assert "set py-call-uwsgi-fork-hooks = true (or lazy-apps = true)" in app.web.text
    assert "set hook-master-start = unix_signal:15 gracefully_kill_them_all" in app.web.text


@pytest.mark.parametrize("forks", [(), ("--py-call-uwsgi-fork-hooks",), ("--lazy-apps",)], ids=" ".join)
def test_uwsgi_that_ends_gracefully_loses_nothing_of_a_request_under_way(start, gateway, forks):
    app = start(("--processes", "2", "--enable-threads", *GRACEFUL, *forks), server=uwsgi)
    loaded = LOADED if "--lazy-apps" in forks else "spawned uWSGI worker"
    # A worker that is told to end while it starts does not hear it, and its master waits for ever.
    eventually("both workers", 60, lambda: app.web.text.count(loaded) == 2)
    for _ in range(20):
        assert get(f"{app.url}/api/chat/rooms/")[0] == 200
    asked = len(gateway.headers)
    gateway.delay = 1.0
    try:
        with ThreadPoolExecutor(1) as client:
            payment = client.submit(get, f"{app.url}/api/payments/100/", method="POST", body={})
            eventually("the payment at the gateway", 10, lambda: len(gateway.headers) > asked, 0.05)
            app.stop()
            assert payment.result()[0] == 201
    finally:
        gateway.delay = 0.0
    assert "without exit handlers" not in app.web.text
    ledger = app.ledger()
    assert [name for spans in ledger.values() for name in spans.values()].count("POST api/payments/<int:amount>/") == 1
    assert stored(ledger, 60) == ({}, 0)


def test_an_asynchronous_server_keeps_requests_apart(start):
    app = start(("--workers", "2"), server=uvicorn)
    ids = [f"asgi-{uuid.uuid4()}" for _ in range(60)]

    status, _, made = get(f"{app.url}/api/chat/rooms/", method="POST", body={"name": "asynchronous"})
    assert status == 201
    message = {"room": json.loads(made)["id"], "text": "hello"}

    def ask(correlation_id):
        status, headers, _ = get(f"{app.url}/api/chat/messages/", {"X-Correlation-ID": correlation_id}, "POST", message)
        return status, headers["X-Correlation-ID"]

    with ThreadPoolExecutor(8) as clients:
        assert list(clients.map(ask, ids)) == [(202, correlation_id) for correlation_id in ids]
    app.stop()
    ledger = app.ledger()
    assert stored(ledger, 60) == ({}, 0)
    for correlation_id in ids[::10]:
        (trace,) = find(correlation_id)
        assert {tags_of(span)["correlation_id"] for span in trace["spans"]} == {correlation_id}
        names = [span["operationName"] for span in trace["spans"]]
        assert names.count("POST api/chat/messages/") == 1
        assert {"INSERT", "apply_async/api.tasks.deliver"} <= set(names)
        assert len(names) == len(ledger[trace["traceID"]])

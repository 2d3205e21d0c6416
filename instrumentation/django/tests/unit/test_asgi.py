"""Rung: unit. The wrapper for asynchronous servers; tests/e2e/test_servers.py runs one."""

import asyncio

import pytest

from thebot_tracing import asgi


def run(application, scope, events):
    sent = []

    async def receive():
        return {"type": events.pop(0)}

    async def send(message):
        sent.append(message["type"])

    asyncio.run(application(scope, receive, send))
    return sent


def test_the_last_event_flushes_before_it_is_answered(monkeypatch):
    flushed = []
    monkeypatch.setattr(asgi, "finish", lambda: flushed.append(True))
    events = ["lifespan.startup", "lifespan.shutdown"]
    sent = run(asgi.flush_at_shutdown(None), {"type": "lifespan"}, events)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert (flushed, events) == ([True], [])


def test_requests_go_to_the_application():
    async def application(scope, receive, send):
        await send(await receive())

    assert run(asgi.flush_at_shutdown(application), {"type": "http"}, ["http.request"]) == ["http.request"]


@pytest.mark.parametrize(("events", "hurries"), [([], 3), (["lifespan.startup", "lifespan.shutdown"], 0)])
def test_without_lifespan_events_spans_are_sent_with_each_request_and_it_is_said_once(monkeypatch, caplog, events, hurries):
    hurried = []
    monkeypatch.setattr(asgi, "hurry", lambda: hurried.append(True))
    monkeypatch.setattr(asgi, "finish", lambda: None)

    async def application(scope, receive, send):
        await send(await receive())

    wrapped = asgi.flush_at_shutdown(application)
    if events:
        run(wrapped, {"type": "lifespan"}, events)
    for _ in range(3):
        run(wrapped, {"type": "http"}, ["http.request"])
    assert len(hurried) == hurries
    assert caplog.text.count("no lifespan events") == (1 if hurries else 0)

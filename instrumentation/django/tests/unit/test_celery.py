"""Publishing tasks: what fails ends and nothing hangs below it, and what a left-out request sends is left out."""

import shutil
import socket
import subprocess
import time

import pytest
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, StatusCode

from thebot_tracing import get_tracer


class AwayError(Exception):
    """What a broker that is away may raise."""


@pytest.fixture
def task(exporter, monkeypatch):
    """A task of the example, whose broker is away."""
    from api.tasks import deliver
    from kombu.messaging import Producer

    def publish(*_args, **_kwargs):
        raise AwayError("no broker")

    monkeypatch.setattr(Producer, "publish", publish)
    # By the name that the settings have: older releases of Celery go by that one.
    monkeypatch.setitem(deliver.app.conf, "CELERY_TASK_ALWAYS_EAGER", False)
    return deliver


@pytest.mark.parametrize("send", [lambda task: task.delay(1), lambda task: task.app.send_task(task.name, (1,))], ids=["delay", "send_task"])
def test_a_publication_that_fails_ends_with_its_error(task, spans, send):
    with get_tracer("t").start_as_current_span("request") as above:
        for _ in range(2):
            with pytest.raises(AwayError):
                send(task)
            assert trace.get_current_span() is above
        with get_tracer("t").start_as_current_span("after"):
            pass
    failed = [span for span in spans() if span.kind is SpanKind.PRODUCER]
    assert len(failed) == 2
    for span in failed:
        assert (span.name, span.status.status_code) == ("apply_async/api.tasks.deliver", StatusCode.ERROR)
        assert span.events[0].attributes["exception.message"] == "no broker"
        assert span.parent.span_id == above.get_span_context().span_id
    (after,) = [span for span in spans() if span.name == "after"]
    assert after.parent.span_id == above.get_span_context().span_id


def test_a_task_of_a_left_out_request_is_left_out(exporter, spans):
    from api.tasks import deliver
    from celery.app.task import Context
    from opentelemetry.instrumentation.celery import celery_getter

    def run(headers):
        ctx = propagate.extract(Context(headers=headers, **headers), getter=celery_getter)
        return get_tracer("t").start_span(f"run/{deliver.name}", context=ctx, kind=SpanKind.CONSUMER).is_recording()

    caller = {"traceparent": f"00-{1:032x}-{2:016x}-00"}
    assert not run({**caller, "tracestate": "thebot=left-out"})
    assert run(caller)


@pytest.fixture(scope="module")
def charge(exporter):
    """A task that takes secrets, in an application of its own."""
    from celery import Celery

    app = Celery("charges", broker="memory://", set_as_current=False)

    @app.task(name="charge")
    def charge(*_args, **_kwargs):
        return {"token": "s3cr3t"}

    return charge


def test_secrets_in_arguments_and_result_are_hidden_at_any_depth(charge, spans):
    charge.apply([{"password": "s3cr3t"}], {"user": {"password": "s3cr3t"}, "cards": [{"api_key": "s3cr3t"}], "order": 7})
    (span,) = [span for span in spans() if span.kind is SpanKind.CONSUMER]
    assert span.attributes["celery.kwargs"] == "{'user': {'password': [hidden]}, 'cards': [{'api_key': [hidden]}], 'order': 7}"
    assert span.attributes["celery.args"] == "[{'password': [hidden]}]"
    assert span.attributes["celery.result"] == "{'token': [hidden]}"


@pytest.mark.parametrize("text", ["(a card)", ""])
def test_the_sender_says_what_is_shown_of_arguments(charge, spans, text):
    charge.apply(("4000 1234",), {"card": "4000 1234"}, argsrepr=text, kwargsrepr=text)
    (span,) = [span for span in spans() if span.kind is SpanKind.CONSUMER]
    assert (span.attributes["celery.args"], span.attributes["celery.kwargs"]) == (text, text)


def test_a_worker_shows_of_arguments_what_the_sender_says(charge, spans):
    from celery.app.trace import build_tracer

    sent = {"id": "1", "argsrepr": "(a card)", "kwargsrepr": "{'card': '…', 'user': {'password': 's3cr3t'}}"}
    build_tracer(charge.name, charge, app=charge.app)("1", ("4000 1234",), {"card": "4000 1234"}, sent)
    (span,) = [span for span in spans() if span.kind is SpanKind.CONSUMER]
    assert span.attributes["celery.args"] == "(a card)"
    assert span.attributes["celery.kwargs"] == "{'card': '…', 'user': {'password': [hidden]}}"


@pytest.mark.parametrize("away", [True, False])
def test_a_task_of_another_program_has_a_span_that_lasts_as_long_as_its_publication(charge, spans, monkeypatch, away):
    from kombu.messaging import Producer

    current = []

    def publish(*_args, **_kwargs):
        current.append(trace.get_current_span())
        if away:
            raise AwayError("no broker")

    monkeypatch.setattr(Producer, "publish", publish)
    with get_tracer("t").start_as_current_span("request") as above:
        try:
            charge.app.send_task("other.service.task", (1,))
        except AwayError:
            assert away
        assert trace.get_current_span() is above
    (span,) = [span for span in spans() if span.kind is SpanKind.PRODUCER]
    assert span.name == "apply_async/other.service.task"
    assert span.context == current[0].get_span_context()
    assert span.status.status_code is (StatusCode.ERROR if away else StatusCode.UNSET)
    assert [event.attributes["exception.message"] for event in span.events] == (["no broker"] if away else [])


def test_a_task_has_the_correlation_id_without_the_propagator_of_baggage():
    from celery.app.task import Context
    from opentelemetry.instrumentation.celery import celery_getter

    from thebot_tracing import correlation_id, get_correlation_id
    from thebot_tracing.propagation import CorrelationPropagator

    propagator, headers = CorrelationPropagator(("tracecontext",)), {}
    with correlation_id("of-the-request"):
        propagator.inject(headers)
    found = propagator.extract(Context(headers=headers, **headers), getter=celery_getter)
    assert get_correlation_id(found) == "of-the-request"
    # Of a request the middleware reads it, and a bad one is nobody's.
    assert get_correlation_id(propagator.extract(headers)) is None
    bad = {"X-Correlation-ID": "a b"}
    assert get_correlation_id(propagator.extract(Context(headers=bad, **bad), getter=celery_getter)) is None


@pytest.fixture
def redis_url():
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(["redis-server", "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(20)


def test_what_celery_keeps_of_results_is_no_span_and_the_application_s_own_commands_are(exporter, spans, redis_url):
    import redis
    from celery import Celery

    backend = Celery("results", backend=redis_url, set_as_current=False).backend
    own = redis.Redis.from_url(redis_url)
    with get_tracer("t").start_as_current_span("task"):
        own.get("mine")
        backend.store_result("id-1", 5, "SUCCESS")
        assert backend.get_task_meta("id-1")["result"] == 5
        with backend.client.pipeline() as pipeline:
            pipeline.rpush("list", 1).expire("list", 10).execute()
        backend.forget("id-1")
        with own.pipeline() as pipeline:
            pipeline.get("mine").execute()
    assert [span.name for span in spans()] == ["GET", "GET", "task"]

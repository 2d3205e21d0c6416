"""Publishing tasks: what fails ends and nothing hangs below it, and what a left-out request sends is left out."""

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
    eager = deliver.app.conf.task_always_eager
    deliver.app.conf.task_always_eager = False
    yield deliver
    deliver.app.conf.task_always_eager = eager


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

"""What the Collector may answer, and that delivery goes on: a batch that cannot pass, a part of it, a busy Collector."""

import time

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from thebot_tracing.session import seconds
from unit.test_export import deliver_to, make


def names(request):
    return [span.name for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def refuse(status):
    """A receiver that answers so to each request with the span `poison`."""
    return lambda request: (status, b"") if "poison" in names(request) else (200, b"")


def send(collector, tracer, delivery, before, after):
    made = make(tracer, before)
    tracer.start_span("poison", attributes={"text": "x" * 1000}).end()
    return made + make(tracer, after)


@pytest.mark.parametrize("status", [400, 413, 422, 500])
@pytest.mark.parametrize(("before", "after"), [(0, 511), (300, 211), (511, 0), (0, 0)])
def test_a_span_that_is_refused_costs_no_other(collector, caplog, status, before, after):
    collector.judge = refuse(status)
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    made = send(collector, tracer, delivery, before, after)
    assert delivery.force_flush(20_000)
    assert sorted(collector.spans) == sorted(made)
    assert (delivery.exported, delivery.dropped, delivery.waiting) == (len(made), 1, 0)
    assert collector.asked <= 21
    assert f"(status {status}; 1 of 10" in caplog.text
    delivery.shutdown()


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("count", [1, 40])
def test_a_span_that_is_answered_as_if_the_collector_were_busy_does_not_stop_delivery(collector, status, count):
    """A gateway answers 429 to what is larger than the receiver behind it takes."""
    collector.judge = refuse(status)
    tracer, delivery = deliver_to(collector.endpoint, delay=0.5)
    made = send(collector, tracer, delivery, 0, count - 1)
    time.sleep(0.6)
    made += make(tracer, 20)
    assert delivery.force_flush(60_000)
    assert sorted(collector.spans) == sorted(made)
    assert (delivery.exported, delivery.dropped) == (len(made), 1)
    delivery.shutdown()


@pytest.mark.parametrize("count", [1, 20])
def test_a_busy_collector_costs_nothing_however_long_it_is_busy(collector, count):
    collector.status = 429
    tracer, delivery = deliver_to(collector.endpoint)
    made = make(tracer, count)
    time.sleep(0.2)
    made += make(tracer, 5)
    assert not delivery.force_flush(8_000)
    assert collector.asked >= 4
    collector.status = 200
    assert delivery.force_flush(60_000)
    assert sorted(collector.spans) == sorted(made)
    assert delivery.dropped == 0
    delivery.shutdown()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_of_the_sender_is_not_asked_for_each_part(collector, status):
    collector.status = status
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    make(tracer, 512)
    assert delivery.force_flush(20_000)
    assert (collector.asked, delivery.dropped) == (1, 512)
    delivery.shutdown()


def test_a_collector_that_refuses_everything_is_not_asked_for_each_span(collector):
    collector.status = 400
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    make(tracer, 512)
    assert delivery.force_flush(20_000)
    assert delivery.dropped == 512
    assert collector.asked <= 65
    delivery.shutdown()


@pytest.mark.parametrize("retry_after", ["2", None])
def test_the_next_try_comes_when_the_answer_says(collector, retry_after):
    collector.status = 503
    collector.headers = {"Retry-After": retry_after} if retry_after else {}
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 1)
    assert not delivery.force_flush(1500)
    assert (collector.asked == 1) is (retry_after is not None)
    collector.status = 200
    assert delivery.force_flush(20_000)
    first, last = collector.times[0], collector.times[-1]
    assert last - first >= (2 if retry_after else 1)
    delivery.shutdown()


def test_a_header_retry_after_is_a_number_or_a_date():
    assert seconds("7") == 7
    assert seconds("Fri, 31 Dec 1999 23:59:59 GMT") == 0
    assert seconds("Fri, 31 Dec 2100 23:59:59 GMT") > 1e9
    assert [seconds(text) for text in (None, "soon", "", "-1", "²")] == [None] * 5


@pytest.mark.parametrize(("rejected", "dropped"), [(3, 3), (0, 0), (99, 10), (-4, 0)])
def test_what_a_partial_success_rejects_is_counted_as_dropped(collector, caplog, rejected, dropped):
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = rejected
    answer.partial_success.error_message = "too old"
    collector.judge = lambda _request: (200, answer.SerializeToString())
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    make(tracer, 10)
    assert delivery.force_flush(20_000)
    assert (delivery.exported, delivery.dropped) == (10 - dropped, dropped)
    assert ("rejected: too old" in caplog.text) is bool(dropped)
    delivery.shutdown()


def test_an_answer_that_is_no_message_counts_as_taken(collector):
    collector.judge = lambda _request: (200, b"<html>OK</html>")
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 2)
    assert delivery.force_flush(20_000)
    assert (delivery.exported, delivery.dropped) == (2, 0)
    delivery.shutdown()

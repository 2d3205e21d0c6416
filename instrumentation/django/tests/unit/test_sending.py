"""What the Collector may answer, and that delivery goes on: a batch that cannot pass, a part of it, a busy Collector."""

import collections
import email.utils
import math
import random
import time

import pytest
from google.rpc.status_pb2 import Status
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from thebot_tracing import export
from thebot_tracing.encode import EncodedSpan, EncodedSpanExporter
from thebot_tracing.reports import Loss
from thebot_tracing.sending import Queue, Sender
from thebot_tracing.session import ExportSession, seconds
from unit.test_export import deliver_to, eventually, make


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
    assert f"(status {status}); 1 dropped, the largest 'poison' of 10" in caplog.text
    assert delivery.losses.counts[Loss.REFUSED] == 1
    delivery.shutdown()


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (0, 39), (39, 0), (20, 19)])
def test_a_span_that_is_answered_as_if_the_collector_were_busy_does_not_stop_delivery(collector, status, before, after):
    """A gateway answers 429 to what is larger than the receiver behind it takes."""
    collector.judge = refuse(status)
    tracer, delivery = deliver_to(collector.endpoint, exit_timeout=1)
    made = send(collector, tracer, delivery, before, after)
    if not made:
        # By now it waits for as long as it ever does.
        eventually(lambda: collector.asked >= 5)
    start = time.monotonic()
    made += make(tracer, 10)
    eventually(lambda: delivery.waiting == 1)
    assert time.monotonic() - start < 10
    assert (sorted(collector.spans), delivery.dropped) == (sorted(made), 0)
    delivery.shutdown()
    assert delivery.losses.counts[Loss.PROCESS_ENDED] == 1


def test_a_span_that_waits_while_others_pass_is_given_up(collector, caplog):
    collector.judge = refuse(429)
    tracer, delivery = deliver_to(collector.endpoint)
    tracer.start_span("poison").end()
    made = []
    while not delivery.dropped:
        made += make(tracer, 1)
        time.sleep(0.1)
        assert len(made) < 300
    assert delivery.force_flush(20_000)
    assert sorted(collector.spans) == sorted(made)
    assert delivery.losses.counts[Loss.REFUSED] == 1
    assert "(status 429); 1 dropped, the largest 'poison'" in caplog.text
    delivery.shutdown()


@pytest.mark.parametrize("count", [1, 20])
def test_a_busy_collector_costs_nothing_however_long_it_is_busy(collector, count):
    collector.status = 429
    tracer, delivery = deliver_to(collector.endpoint)
    made = make(tracer, count)
    time.sleep(0.2)
    made += make(tracer, 5)
    eventually(lambda: collector.asked >= 6)
    assert not delivery.force_flush(100)
    collector.status = 200
    assert delivery.force_flush(60_000)
    assert sorted(collector.spans) == sorted(made)
    assert delivery.dropped == 0
    delivery.shutdown()


@pytest.mark.parametrize(("status", "requests"), [(302, 1), (401, 1), (403, 2), (404, 1)])
def test_a_refusal_of_the_sender_is_not_asked_for_each_part(collector, status, requests):
    """One that may be about what was sent, as a firewall's, is asked for one span."""
    collector.status = status
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    make(tracer, 512)
    assert delivery.force_flush(20_000)
    assert (collector.asked, delivery.losses.counts[Loss.UNWELCOME]) == (requests, 512)
    delivery.shutdown()


def test_what_a_firewall_refuses_costs_no_other(collector):
    collector.judge = refuse(403)
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    made = send(collector, tracer, delivery, 100, 50)
    assert delivery.force_flush(20_000)
    assert sorted(collector.spans) == sorted(made)
    assert delivery.losses.counts[Loss.REFUSED] == 1
    delivery.shutdown()


def test_a_header_that_cannot_be_sent_is_the_sender_s_fault(collector, monkeypatch, caplog):
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    monkeypatch.setattr(EncodedSpanExporter, "send", with_header("bad\nvalue"))
    make(tracer, 512)
    assert delivery.force_flush(20_000)
    assert (collector.asked, delivery.losses.counts[Loss.UNWELCOME]) == (0, 512)
    assert "(no request can be made: InvalidHeader: " in caplog.text
    delivery.shutdown()


def with_header(value):
    send = EncodedSpanExporter.send

    def sent(exporter, spans):
        exporter._client._headers["x-key"] = value
        return send(exporter, spans)

    return sent


def test_a_collector_that_refuses_everything_is_not_asked_for_each_span(collector):
    collector.status = 400
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    make(tracer, 512)
    assert delivery.force_flush(20_000)
    assert delivery.dropped == 512
    assert collector.asked <= 160
    asked = collector.asked
    make(tracer, 512)
    assert delivery.force_flush(20_000)
    assert (delivery.dropped, collector.asked) == (1024, asked + 2)
    delivery.shutdown()


@pytest.mark.parametrize("status", [413, 429, None])
def test_a_receiver_of_small_requests_takes_what_is_small(collector, status):
    """It closes the connection without having read what is too large, with an answer or without."""
    collector.most, collector.status_above = 100_000, status
    tracer, delivery = deliver_to(collector.endpoint, delay=60, exit_timeout=1)
    for i in range(40):
        tracer.start_span("a", attributes={"text": "x" * (300_000 if i == 7 else 20_000)}).end()
    eventually(lambda: (delivery.hurry(), len(collector.spans))[1] == 39)
    delivery.shutdown()
    assert (delivery.exported, delivery.dropped) == (39, 1)


def test_an_end_while_a_batch_is_split_keeps_to_its_time(collector):
    def slow(request):
        time.sleep(0.3)
        return 400, b""

    collector.judge = slow
    tracer, delivery = deliver_to(collector.endpoint, exit_timeout=1)
    make(tracer, 500)
    start = time.monotonic()
    delivery.shutdown()
    assert time.monotonic() - start < 2
    assert delivery.dropped == 500
    time.sleep(1)
    asked = collector.asked
    time.sleep(1)
    assert collector.asked == asked <= 8


@pytest.mark.parametrize("retry_after", [lambda: "2", lambda: email.utils.formatdate(time.time() + 3, usegmt=True), lambda: None])
def test_the_next_try_comes_when_the_answer_says(collector, retry_after):
    said = retry_after()
    collector.status = 503
    collector.headers = {"Retry-After": said} if said else {}
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 1)
    assert not delivery.force_flush(1500)
    assert (collector.asked == 1) is (said is not None)
    collector.status = 200
    assert delivery.force_flush(20_000)
    first, last = collector.times[0], collector.times[-1]
    # A date has no fractions of a second.
    assert last - first >= (1.9 if said else 1)
    delivery.shutdown()


def test_a_header_retry_after_is_a_number_or_a_date():
    assert seconds("7") == 7
    assert seconds(" 0.5") == 0.5
    assert seconds("Fri, 31 Dec 1999 23:59:59 GMT") == 0
    assert seconds("Fri, 31 Dec 2100 23:59:59 GMT") > 1e9
    assert abs(seconds(email.utils.formatdate(time.time() + 60).replace("-0000", "").strip()) - 60) < 2
    assert [seconds(text) for text in (None, "soon", "", "-1", "²", "9" * 5000, "Fri, 31 Dec 99999 23:59:59 GMT")] == [None] * 7


def test_no_answer_holds_delivery_up_for_ever():
    sender = Sender(*parts_of(receiver := Receiver(lambda _part: 503)))
    receiver.retry_after = 1e9
    sender.deliver([span(1)])
    assert max(receiver.pauses) <= 330


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
    assert (f"has rejected {dropped} of 10 spans: too old" in caplog.text) is bool(dropped)
    delivery.shutdown()


def test_a_warning_of_the_collector_is_told(collector, caplog):
    answer = ExportTraceServiceResponse()
    answer.partial_success.error_message = "soon too old"
    collector.judge = lambda _request: (200, answer.SerializeToString())
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 1)
    assert delivery.force_flush(20_000)
    assert "taken spans, and says: soon too old" in caplog.text
    delivery.shutdown()


def test_a_partial_success_may_come_as_json(collector):
    collector.headers = {"Content-Type": "application/json; charset=utf-8"}
    collector.judge = lambda _request: (200, b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"old"},"unknown":1}')
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    make(tracer, 5)
    assert delivery.force_flush(20_000)
    assert (delivery.exported, delivery.losses.counts[Loss.REJECTED]) == (3, 2)
    delivery.shutdown()


@pytest.mark.parametrize("kind", ["text/html", "application/json", "application/x-protobuf"])
def test_an_answer_that_is_no_message_counts_as_taken_and_is_told(collector, caplog, kind):
    """It may be a web server's that answers anything: the address is wrong then."""
    collector.headers = {"Content-Type": kind}
    collector.judge = lambda _request: (200, b"<html><h1>Welcome</h1></html>")
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 2)
    assert delivery.force_flush(20_000)
    assert (delivery.exported, delivery.dropped) == (2, 0)
    assert "does the endpoint name a Collector?" in caplog.text
    delivery.shutdown()


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/html", b"<html>\r\n<title>413 Request\x07 Entity Too Large</title></html>", "status 413: 413 Request Entity Too Large)"),
        ("application/x-protobuf", Status(code=3, message="too large by 7").SerializeToString(), "status 413: too large by 7)"),
        ("application/json", b'{"code":3,"message":"too large"}', "status 413: too large)"),
        ("application/json", b"no JSON", "status 413: no JSON)"),
        ("", b"\xff" * 1000, "status 413: " + "\ufffd" * 200 + ")"),
        ("text/plain", b"", "status 413)"),
    ],
)
def test_the_log_says_what_the_answer_says(collector, caplog, kind, body, text):
    collector.headers = {"Content-Type": kind} if kind else {}
    collector.judge = lambda _request: (413, body)
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 1)
    assert delivery.force_flush(20_000)
    assert f"has not taken spans ({text}" in caplog.text
    delivery.shutdown()


def test_what_is_dropped_is_a_metric_by_reason(collector, monkeypatch):
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    monkeypatch.setattr(export, "get_meter", provider.get_meter)
    collector.judge = refuse(400)
    tracer, delivery = deliver_to(collector.endpoint)
    assert reader.get_metrics_data() is None
    send(collector, tracer, delivery, 3, 0)
    assert delivery.force_flush(20_000)
    delivery.shutdown()
    tracer.start_span("late").end()
    (scope,) = reader.get_metrics_data().resource_metrics[0].scope_metrics
    found = {metric.name: {tuple(point.attributes.values()): point.value for point in metric.data.data_points} for metric in scope.metrics}
    assert found == {
        "thebot.tracing.spans.exported": {(): 3},
        "thebot.tracing.spans.dropped": {("refused",): 1, ("process_ended",): 1},
    }


# What follows holds for any spans at fault, so it is tried without a network, on the sender alone.


class Receiver:
    """What takes the place of exporter, session and queue: it answers each request as `judge` says, a status or None.

    `taken` and `dropped` have the messages, `requests` counts, and `pauses` are what the sender asked to wait; after many it must end.
    """

    def __init__(self, judge):
        self.judge = judge
        self.session = ExportSession()
        self.retry_after = None
        self.rejected, self.complaint, self.error = 0, "", None
        self.waiting = collections.deque()
        self.taken, self.dropped, self.lost = [], [], collections.Counter()
        self.requests, self.pauses = 0, []

    def send(self, part):
        self.requests += 1
        self.session.attempts += 1
        self.session.status = self.judge(part)
        self.session.retry_after = self.retry_after
        if self.session.status != 200:
            return False
        self.taken += [span.message for span in part]
        return True

    def count(self, _exported, loss, dropped):
        self.lost[loss] += dropped

    def pause(self, seconds):
        self.pauses.append(seconds)
        return len([pause for pause in self.pauses if pause]) > 50

    def take(self):
        found = next((span for span in self.waiting if not span.aside), None)
        if found is not None:
            self.waiting.remove(found)
        return found


def parts_of(receiver):
    queue = Queue(receiver.count, receiver.pause, receiver.take, receiver.waiting.appendleft, receiver.waiting.append)
    return receiver, receiver.session, queue


def span(number):
    return EncodedSpan(None, None, ProtoSpan(name=str(number)).SerializeToString())


def spans_at_fault(most):
    """How many spans, and which of them are at fault."""
    return st.integers(1, most).flatmap(lambda count: st.tuples(st.just(count), st.sets(st.integers(0, count - 1), max_size=60)))


@given(spans_at_fault(512), st.sampled_from([400, 413, 500]))
@settings(max_examples=200)
def test_exactly_the_spans_at_fault_are_dropped_and_all_others_taken_once(case, status):
    count, at_fault = case
    batch = [span(number) for number in range(count)]
    bad = {batch[number].message for number in at_fault}
    receiver = Receiver(lambda part: status if any(span.message in bad for span in part) else 200)
    Sender(*parts_of(receiver)).deliver(list(batch))
    assert sorted(receiver.taken) == sorted(span.message for span in batch if span.message not in bad)
    assert sum(receiver.lost.values()) == receiver.lost[Loss.REFUSED] == len(bad)
    # A span at fault costs two requests for each time that the batch can be halved.
    assert receiver.requests <= 1 + 2 * len(bad) * math.ceil(math.log2(count) if count > 1 else 0)


@given(spans_at_fault(200), st.sampled_from([429, 503, None]))
@settings(max_examples=100)
def test_spans_that_get_temporary_answers_for_ever_hold_no_other_up(case, status):
    count, at_fault = case
    batch = [span(number) for number in range(count)]
    bad = {batch[number].message for number in at_fault}
    if len(bad) == count:
        return
    receiver = Receiver(lambda part: status if any(span.message in bad for span in part) else 200)
    receiver.pause = lambda seconds: receiver.pauses.append(seconds)
    Sender(*parts_of(receiver)).deliver(list(batch))
    assert sorted(receiver.taken) == sorted(span.message for span in batch if span.message not in bad)
    assert {span.message for span in receiver.waiting} == bad
    assert len(receiver.waiting) == len(bad)
    assert sum(receiver.lost.values()) == 0


def test_spans_that_were_set_aside_do_not_wait_for_one_another():
    """One that never passes is before one that does, and no other span comes."""
    bad, good = span(1)._replace(aside=1), span(2)._replace(aside=1)
    receiver = Receiver(lambda part: 429 if bad.message in [span.message for span in part] else 200)
    sender = Sender(*parts_of(receiver))
    receiver.waiting.extend([bad, good])
    for _ in range(5):
        sender.deliver([receiver.waiting.popleft()])
    assert receiver.taken == [good.message]
    assert list(receiver.waiting) == [bad]
    # And it is asked for less and less often: after half a second, one, and two.
    assert receiver.pauses[-1] > 1.5 > receiver.pauses[-2] > 0.7 > receiver.pauses[-3]


@pytest.mark.parametrize("refused", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("seed", range(20))
def test_a_busy_collector_that_takes_some_requests_and_not_others_costs_no_span(refused, seed):
    answers = random.Random(seed)
    receiver = Receiver(lambda _part: 429 if answers.random() < refused else 200)
    receiver.pause = lambda seconds: receiver.pauses.append(seconds)
    sender = Sender(*parts_of(receiver))
    spans = [span(number) for number in range(300)]
    receiver.waiting.extend(spans)
    while receiver.waiting:
        batch = [receiver.waiting.popleft()]
        while receiver.waiting and len(batch) < 30 and not batch[0].aside and not receiver.waiting[0].aside:
            batch.append(receiver.waiting.popleft())
        sender.deliver(batch)
    assert sorted(receiver.taken) == sorted(span.message for span in spans)
    assert sum(receiver.lost.values()) == 0

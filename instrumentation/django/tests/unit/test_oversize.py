"""A span above the largest request is cut to what passes, and marked; batches are sized in bytes."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider

from thebot_tracing.encode import EncodedSpanExporter
from thebot_tracing.export import SpanDelivery
from thebot_tracing.fitting import Encoder
from thebot_tracing.oversize import CUT_FROM, cut
from thebot_tracing.reports import Loss
from thebot_tracing.settings import SettingsError, load_settings
from unit.test_export import deliver_to, eventually, make

MIB = 1 << 20


def attributes_of(message):
    return {attribute.key: attribute.value for attribute in message.attributes}


def test_a_span_of_5_mib_arrives_cut_and_the_next_ones_with_it(collector, caplog):
    collector.most, collector.status_above = 4 * MIB, 429
    tracer, delivery = deliver_to(collector.endpoint)
    tracer.start_span("large", attributes={"first": "kept", "text": "é" * (5 * MIB // 2), "second": "b" * MIB}).end()
    start = time.monotonic()
    make(tracer, 10)
    eventually(lambda: len(collector.spans) == 11)
    assert time.monotonic() - start < 10
    (large,) = [span for span in collector.named if span.name == "large"]
    found = attributes_of(large)
    assert (found["first"].string_value, found["second"].string_value) == ("kept", "b" * MIB)
    text = found["text"].string_value
    assert text == "é" * (len(text) - 1) + "…"
    assert found[CUT_FROM].int_value > 6 * MIB
    # As much of it as fits.
    assert 4 * MIB - 1000 < large.ByteSize() < 4 * MIB
    assert delivery.force_flush(10_000)
    assert (delivery.exported, delivery.dropped, delivery._encoder.cut) == (11, 0, 1)
    assert "the span 'large' of" in caplog.text
    assert "is above the largest request of 4194304 bytes (TRACING_MAX_REQUEST_BYTES), and cut" in caplog.text
    delivery.shutdown()


def test_many_large_spans_are_many_requests_of_which_none_is_too_large(collector):
    """512 spans of 10 KB are 5 MB."""
    collector.most = 4 * MIB
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    for _ in range(512):
        tracer.start_span("a", attributes={"text": "x" * 10_000}).end()
    assert delivery.force_flush(20_000)
    assert (delivery.exported, delivery.dropped) == (512, 0)
    assert collector.asked == 3
    delivery.shutdown()


def test_a_long_stack_trace_costs_its_end_only(collector):
    tracer, delivery = deliver_to(collector.endpoint, largest_request=65_536)
    with pytest.raises(ValueError, match="x"), tracer.start_as_current_span("failed"):
        raise ValueError("x" * 100_000)
    assert delivery.force_flush(10_000)
    (span,) = collector.named
    (event,) = span.events
    assert {attribute.key for attribute in event.attributes} >= {"exception.type", "exception.message", "exception.stacktrace"}
    assert span.status.message.startswith("ValueError: xxx")
    assert span.ByteSize() < 65_536
    delivery.shutdown()


def test_a_span_of_very_many_parts_loses_the_largest_and_counts_them():
    span = Span(name="a", dropped_events_count=3)
    span.attributes.add(key="kept").value.string_value = "yes"
    for at in range(400):
        span.events.add(name=f"event {at:03}").attributes.add(key="text").value.string_value = "y" * 300
        span.events.add(name=f"small {at}")
    found = Span.FromString(cut(span.SerializeToString(), 65_536))
    assert attributes_of(found)["kept"].string_value == "yes"
    kept = {event.name: event for event in found.events}
    assert {f"small {at}" for at in range(400)} <= set(kept)
    # Of equal ones the last are kept, as they tell how it ended; their text is as short as any is cut.
    assert "event 399" in kept
    assert "event 000" not in kept
    assert len(kept["event 399"].attributes[0].value.string_value.encode()) == 256
    assert len(found.events) + found.dropped_events_count == 803
    assert 64_000 < found.ByteSize() <= 65_536


def test_what_cannot_be_cut_is_dropped_and_reported(collector, caplog):
    """A resource that is too large by itself goes with each span."""
    collector.most = 65_536
    provider = TracerProvider(resource=Resource({"a": "x" * 100_000}), shutdown_on_exit=False)
    delivery = SpanDelivery(
        lambda session: EncodedSpanExporter(f"{collector.endpoint}/v1/traces", session=session), largest_request=65_536, delay=0.05
    )
    provider.add_span_processor(delivery)
    provider.get_tracer("t").start_span("a", attributes={"text": "y" * 40_000}).end()
    assert delivery.losses.counts[Loss.TOO_LARGE] == 1
    assert "TRACING_MAX_REQUEST_BYTES), and dropped" in caplog.text
    assert collector.asked == 0
    delivery.shutdown()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300).flatmap(lambda text: st.integers(1, 50).map(lambda n: text * n))


@st.composite
def messages(draw):
    """Span messages that hold all kinds of values."""
    span = Span(name=draw(texts), trace_id=b"t" * 16, span_id=b"s" * 8, trace_state=draw(st.sampled_from(["", "a=b"])))
    span.status.message = draw(texts)
    for holder in (span, span.events.add(name="event"), span.links.add(trace_id=b"u" * 16)):
        for at in range(draw(st.integers(0, 8))):
            value = holder.attributes.add(key=draw(st.sampled_from([f"key {at}", "k" * 3000]))).value
            kind = draw(st.sampled_from(["text", "bytes", "array", "map", "number"]))
            if kind == "text":
                value.string_value = draw(texts)
            elif kind == "bytes":
                value.bytes_value = draw(texts).encode()
            elif kind == "array":
                for text in draw(st.lists(texts, max_size=3)):
                    value.array_value.values.add(string_value=text)
            elif kind == "map":
                value.kvlist_value.values.add(key=draw(texts)).value.string_value = draw(texts)
            else:
                value.int_value = draw(st.integers(-5, 5))
    return span


@given(messages(), st.integers(2_000, 60_000))
@settings(max_examples=200)
def test_what_is_cut_fits_and_is_still_that_span(span, most):
    before = span.SerializeToString()
    after = cut(before, most)
    assert len(after) <= most
    found = Span.FromString(after)
    assert (found.trace_id, found.span_id, found.trace_state, found.links[:1]) == (
        span.trace_id,
        span.span_id,
        span.trace_state,
        found.links[:1],
    )
    mark = found.attributes.pop()
    assert (mark.key, mark.value.int_value) == (CUT_FROM, len(before))
    for name in ("attributes", "events", "links"):
        assert len(getattr(found, name)) + getattr(found, f"dropped_{name}_count") == len(getattr(span, name))
    if len(before) <= most - 64:
        found.dropped_attributes_count = 0
        assert found == span


@given(st.lists(st.integers(0, 90_000), min_size=1, max_size=40), st.integers(65_536, 200_000))
@settings(max_examples=30)
def test_no_request_is_larger_than_the_largest(sizes, largest):
    requests = []

    class Exporter(EncodedSpanExporter):
        def send(self, spans):
            from thebot_tracing.encode import request

            requests.append(request(spans))
            return True

    delivery = SpanDelivery(lambda session: Exporter("http://127.0.0.1:9", session=session), largest_request=largest, delay=0.001)
    provider = TracerProvider(resource=Resource({"service.name": "s" * 1000}), shutdown_on_exit=False, span_limits=SpanLimits())
    provider.add_span_processor(delivery)
    for at, size in enumerate(sizes):
        provider.get_tracer(f"scope {at % 3}").start_span("a", attributes={"text": "x" * size}).end()
    delivery.shutdown()
    assert delivery.exported == len(sizes)
    assert max(len(request) for request in requests) <= largest


def test_a_large_span_of_little_text_is_encoded_in_a_moment():
    """The request that ends it waits for that."""
    provider = TracerProvider(shutdown_on_exit=False, span_limits=SpanLimits(max_span_attributes=200_000))
    span = provider.get_tracer("t").start_span("a", attributes={f"key {at}": at for at in range(100_000)})
    span.end()
    start = time.thread_time()
    found = Encoder(MIB).encoded(span)
    assert time.thread_time() - start < 5
    assert 0.9 * MIB < len(found.message) < MIB


@pytest.mark.parametrize(("text", "allowed"), [("65536", True), ("67108864", True), ("65535", False), ("4MiB", False), ("", True)])
def test_the_setting(text, allowed):
    if allowed:
        assert load_settings({"TRACING_MAX_REQUEST_BYTES": text}, object()).largest_request == int(text or 4 * MIB)
        return
    with pytest.raises(SettingsError) as caught:
        load_settings({"TRACING_MAX_REQUEST_BYTES": text}, object())
    assert caught.value.errors == [f"TRACING_MAX_REQUEST_BYTES: found {text!r}; allowed is 65536 to 67108864"]


def test_the_setting_is_followed(collector):
    from thebot_tracing.bootstrap import _delivery

    settings = load_settings({"TRACING_MAX_REQUEST_BYTES": "70000"}, object())
    assert _delivery(settings)._largest_request == 70_000

"""Rung: unit. The headers of calls are those that the official propagators write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, trace
from opentelemetry.propagators.textmap import default_setter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, SpanContext, TraceFlags, TraceState

from thebot_tracing.correlation import KEY
from thebot_tracing.injection import FORMATS, write
from thebot_tracing.propagation import _PROPAGATORS, CorrelationPropagator

spans = st.builds(
    lambda *parts: NonRecordingSpan(SpanContext(*parts)),
    st.integers(0, (1 << 128) - 1),
    st.integers(0, (1 << 64) - 1),
    st.booleans(),
    st.sampled_from([TraceFlags(flags) for flags in range(4)]),
    st.sampled_from([TraceState(), TraceState([("vendor", "1"), ("other", "a=b")])]),
)
ids = st.none() | st.text("AZaz09._:-", min_size=1, max_size=64)


def official(formats, span, correlation_id):
    context = trace.set_span_in_context(span)
    if correlation_id is not None:
        context = baggage.set_baggage(KEY, correlation_id, context)
    carrier = {}
    for name in formats:
        _PROPAGATORS[name]().inject(carrier, context)
    return carrier


def test_every_format_is_known():
    assert set(_PROPAGATORS) == FORMATS


@given(st.frozensets(st.sampled_from(sorted(FORMATS))), st.one_of(spans, st.just(INVALID_SPAN)), st.booleans(), ids)
def test_headers_are_those_of_the_official_propagators(formats, span, is_recording, correlation_id):
    if is_recording:
        span = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("a", trace.set_span_in_context(span))
    carrier = {}
    write(formats, carrier, span, correlation_id, default_setter)
    assert carrier == official(formats, span, correlation_id)


TASK = {"lang": "py", "task": "api.tasks.settle", "id": "1", "root_id": "1"}
SPAN = NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1)))


@pytest.mark.parametrize(
    ("names", "task"),
    [
        (("jaeger", "b3multi", "b3", "tracecontext", "baggage"), {"traceparent", "baggage"}),
        (("jaeger", "b3"), {"uber-trace-id", "uberctx-correlation_id", "b3"}),
    ],
)
def test_a_task_has_what_a_worker_reads(names, task):
    context = baggage.set_baggage("other", "secret", baggage.set_baggage(KEY, "id-1", trace.set_span_in_context(SPAN)))
    propagator = CorrelationPropagator(names)
    carrier = dict(TASK)
    propagator.inject(carrier, context)
    assert set(carrier) - set(TASK) == {*task, "X-Correlation-ID"}
    read = propagator.extract(carrier)
    assert trace.get_current_span(read).get_span_context().span_id == 2
    assert baggage.get_all(read) == {KEY: "id-1"}


def test_a_call_has_all_formats_and_a_header_of_the_application_stays():
    context = baggage.set_baggage(KEY, "id-1", trace.set_span_in_context(SPAN))
    carrier = {"x-correlation-id": "mine"}
    CorrelationPropagator(tuple(_PROPAGATORS)).inject(carrier, context)
    assert carrier == {"x-correlation-id": "mine", **official(_PROPAGATORS, SPAN, "id-1")}

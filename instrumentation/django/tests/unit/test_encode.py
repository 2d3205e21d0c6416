"""Rung: unit. Spans are encoded to the very messages that the exporter's own encoder makes."""

from hypothesis import given, settings
from hypothesis import strategies as st
from ids import Ids
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from thebot_tracing.encode import NotPlain, _plain, encode, request

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
values = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False),
    st.lists(texts, max_size=3),
    st.lists(st.integers(-5, 5), max_size=3),
    st.binary(max_size=10),
)
contexts = st.builds(
    SpanContext,
    st.integers(1, (1 << 128) - 1),
    st.integers(1, (1 << 64) - 1),
    st.booleans(),
    st.just(TraceFlags(1)),
    st.sampled_from([TraceState(), TraceState([("vendor", "1")])]),
)
statuses = st.sampled_from([Status(StatusCode.UNSET), Status(StatusCode.OK), Status(StatusCode.ERROR), Status(StatusCode.ERROR, "why")])


@st.composite
def spans(draw):
    """Real spans of one provider, of two scopes."""
    limits = SpanLimits(max_span_attributes=6, max_events=1, max_links=1)
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False, span_limits=limits, id_generator=Ids())
    ended = []
    provider.add_span_processor(Keep(ended))
    for _ in range(draw(st.integers(1, 5))):
        parent = draw(st.none() | contexts)
        scope = draw(st.sampled_from([("first", "1", "https://schema.example/1"), ("second",)]))
        span = provider.get_tracer(*scope).start_span(
            draw(texts),
            context=set_span_in_context(NonRecordingSpan(parent)) if parent else None,
            kind=draw(st.sampled_from(list(SpanKind))),
            attributes=draw(st.dictionaries(st.text("abc.", min_size=1, max_size=8), values, max_size=8)),
            links=[Link(context) for context in draw(st.lists(contexts, max_size=2))],
        )
        span.set_status(draw(statuses))
        for at in range(draw(st.integers(0, 2))):
            span.add_event("event", {"at": at})
        span.end()
    return ended


class Keep:
    def __init__(self, ended):
        self.ended = ended

    def on_start(self, span, parent_context=None): ...
    def _on_ending(self, span): ...
    def on_end(self, span):
        self.ended.append(span)


RESOURCE = Resource({"service.name": "a", "count": 2}, "https://schema.example/resource")


def decoded(ended):
    return ExportTraceServiceRequest.FromString(request([encode(span) for span in ended]))


@given(spans())
@settings(max_examples=300)
def test_the_message_is_the_exporter_s_own(ended):
    assert decoded(ended) == encode_spans(ended)


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.sampled_from([0, 1, True, False, 0.0, -0.0, 1.0, "1", "0", -1]), max_size=6)
)
def test_values_that_are_equal_and_not_the_same_stay_apart(attributes):
    span = ended_span(attributes)
    assert decoded([span]).SerializeToString() == encode_spans([span]).SerializeToString()


def ended_span(attributes=None, state=None):
    return ReadableSpan(
        "a",
        SpanContext(1, 2, False, TraceFlags(1), state),
        resource=RESOURCE,
        attributes=attributes or {},
        status=Status(),
        start_time=1,
        end_time=2,
    )


def test_an_ordinary_span_takes_the_short_way():
    text = {"http.route": "api/chat/rooms/", "http.status_code": 200, "cache.hit": True, "share": 0.5}
    assert _plain(ended_span(text)) == encode(ended_span(text)).message
    for other in ({"tags": ("a", "b")}, {"huge": 1 << 64}):
        try:
            _plain(ended_span(other))
        except (NotPlain, TypeError):
            continue
        raise AssertionError(other)


def test_nothing_is_an_empty_message():
    assert request([]) == b""


def test_a_tracestate_takes_the_short_way_too():
    """Any caller may send one."""
    span = ended_span({"a": 1}, TraceState([("vendor", "1"), ("other", "a=b")]))
    assert _plain(span) == encode(span).message
    assert decoded([span]) == encode_spans([span])


def test_what_no_message_can_hold_costs_no_span():
    """A client's JSON may have a lone surrogate, and the error that names it must not be hidden by that."""
    ended = []
    provider = TracerProvider(resource=Resource({"service.name": "a\udc80"}), shutdown_on_exit=False)
    provider.add_span_processor(Keep(ended))
    with provider.get_tracer("t").start_as_current_span(
        "GET \ud800", attributes={"text": "\ud800", "huge": 1 << 64, "list": ("\udfff",)}
    ) as span:
        span.record_exception(ValueError("unknown: \ud800"))
        span.set_status(Status(StatusCode.ERROR, "unknown: \ud800"))
    (resource,) = decoded(ended).resource_spans
    (sent,) = resource.scope_spans[0].spans
    assert sent.name == "GET \\ud800"
    assert {entry.key: entry.value.string_value for entry in sent.attributes if entry.key != "list"} == {
        "text": "\\ud800",
        "huge": str(1 << 64),
    }
    assert sent.status.message == "unknown: \\ud800"
    assert any("unknown: \\ud800" in entry.value.string_value for entry in sent.events[0].attributes)
    assert any(entry.value.string_value == "a\\udc80" for entry in resource.resource.attributes)

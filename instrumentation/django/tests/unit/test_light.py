"""Rung: unit. The cheaper spans and blocks, against those of the SDK."""

import asyncio
from functools import partial
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ids import Ids
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, DEFAULT_ON, Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from thebot_tracing.light_spans import LightSpan
from thebot_tracing.light_tracer import LightProvider
from thebot_tracing.sampler import LeaveOutSampler

OWN = partial(LightProvider, is_own=True)


class Stop(BaseException):
    """Like a cancelled request: no error of the span."""


def block(wrap, error, options):
    """What a block with an error leaves: the span, and the current span before, in and after it."""
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = wrap(provider).get_tracer("t")
    seen = [trace.get_current_span()]
    try:
        with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes={"a": 1}, **options) as span:
            seen.append(trace.get_current_span())
            assert seen[-1] is span
            if error:
                raise error
    except (Stop, ValueError):
        pass
    seen.append(trace.get_current_span())
    assert seen[0] is seen[2]
    return [
        (
            span.name,
            span.kind,
            dict(span.attributes),
            span.status.status_code,
            span.status.description,
            [event.name for event in span.events],
        )
        for span in memory.get_finished_spans()
    ]


@pytest.mark.parametrize("error", [None, ValueError("on purpose"), Stop()], ids=["none", "error", "no error"])
@pytest.mark.parametrize("options", [{}, {"record_exception": False}, {"set_status_on_exception": False}, {"end_on_exit": False}])
@pytest.mark.parametrize("wrap", [LightProvider, OWN], ids=["another provider", "the package's"])
def test_a_block_is_as_the_sdk_s(wrap, error, options):
    assert block(wrap, error, options) == block(lambda provider: provider, error, options)


def decorated(wrap, is_async):
    """What two calls of a decorated function leave: a span each."""
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    mark = wrap(provider).get_tracer("t").start_as_current_span("work", attributes={"a": 1})

    @mark
    def work(value):
        """Work."""
        if value:
            raise ValueError(value)
        return trace.get_current_span().get_span_context()

    @mark
    async def work_async(value):
        """Work."""
        await asyncio.sleep(0)
        if value:
            raise ValueError(value)
        return trace.get_current_span().get_span_context()

    def call(value):
        return asyncio.run(work_async(value)) if is_async else work(value)

    inside = call(None)
    with pytest.raises(ValueError, match="why"):
        call("why")
    first, second = memory.get_finished_spans()
    assert first.context == inside
    assert (work_async if is_async else work).__doc__ == "Work."
    return [(span.name, dict(span.attributes), span.status.description, len(span.events)) for span in (first, second)]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("wrap", [LightProvider, OWN], ids=["another provider", "the package's"])
def test_a_decorated_function_has_a_span_for_each_call_as_the_sdk_s(wrap, is_async):
    assert decorated(wrap, is_async) == decorated(lambda provider: provider, is_async)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(["seven c", "a long text"])
keys = st.text("abc", max_size=2)
values = st.one_of(
    texts,
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False),
    st.lists(texts, max_size=3),
    st.none(),
    st.just(SimpleNamespace(not_a="value")),
    st.dictionaries(keys, st.integers(0, 3), max_size=2),
)
attributes = st.dictionaries(keys, values, max_size=5)
contexts = st.builds(
    SpanContext,
    st.integers(1, 9),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from([TraceFlags(flags) for flags in range(4)]),
    st.sampled_from([TraceState(), TraceState([("vendor", "1")])]),
)
statuses = st.sampled_from(
    [
        (Status(StatusCode.ERROR, "why"),),
        (StatusCode.ERROR, "other"),
        (StatusCode.OK,),
        (StatusCode.UNSET,),
        (Status(StatusCode.ERROR), "no"),
    ]
)
calls = st.one_of(
    st.tuples(st.just("set_attribute"), keys, values),
    st.tuples(st.just("set_attributes"), attributes),
    st.tuples(st.just("add_event"), texts, attributes, st.integers(1, 9)),
    st.tuples(st.just("add_link"), contexts, attributes),
    st.tuples(st.just("update_name"), texts),
    statuses.map(lambda status: ("set_status", *status)),
    st.just(("end", 7)),
)
LIMITS = {
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "4",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "6",
    "OTEL_SPAN_EVENT_COUNT_LIMIT": "2",
    "OTEL_SPAN_LINK_COUNT_LIMIT": "2",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "2",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "2",
}


def sent(wrap, span, todo):
    """What a span is sent as, with attributes in the order of their names."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "s"}), shutdown_on_exit=False, id_generator=Ids())
    provider.add_span_processor(SimpleSpanProcessor(memory))
    parent, options = span
    context = trace.set_span_in_context(NonRecordingSpan(parent)) if parent else None
    made = wrap(provider).get_tracer("t", "1", "https://schema.example/1", {"scope": "a"}).start_span("first", context, **options)
    for name, *words in (*todo, ("end", 9), ("set_attribute", "late", 1), ("end", 10)):
        getattr(made, name)(*words)
    message = encode_spans(memory.get_finished_spans())
    for found in (span for of in message.resource_spans for scope in of.scope_spans for span in scope.spans):
        found.attributes.sort(key=lambda attribute: attribute.key)
    return message, len(memory.get_finished_spans())


options = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(list(SpanKind)),
        "attributes": st.none() | attributes,
        "links": st.lists(st.builds(Link, contexts), max_size=2),
        "start_time": st.integers(1, 5),
    }
)


@pytest.mark.parametrize("limits", [{}, LIMITS], ids=["default limits", "tight limits"])
@settings(deadline=None, max_examples=200)
@example(span=(None, {"start_time": 1}), todo=[("set_attribute", "a", "a long text")])
@example(span=(None, {"start_time": 1, "attributes": {"a": "a long text", "b": 1, "c": 2, "aa": 3}}), todo=[("set_attribute", "bb", 4)])
@example(span=(None, {"start_time": 1}), todo=[("add_event", "e", {"a": 1, "b": 2, "c": 3}, 1)] * 3)
@given(span=st.tuples(st.none() | contexts, options), todo=st.lists(calls, max_size=8))
def test_a_span_is_sent_as_the_sdk_s_is(limits, span, todo):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in limits.items():
            patch.setenv(name, value)
        message, count = sent(OWN, span, todo)
        assert (message, count) == sent(lambda provider: provider, span, todo)
        assert count == 1 or not (span[0] is None or span[0].trace_flags.sampled)


def test_a_span_with_an_exception_is_sent_as_the_sdk_s_is():
    def stacks(wrap):
        memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(memory))
        with pytest.raises(ValueError, match="on purpose"), wrap(provider).get_tracer("t").start_span("a"):
            raise ValueError("on purpose")
        (span,) = memory.get_finished_spans()
        return [(event.name, {**event.attributes, "exception.stacktrace": ""}) for event in span.events], span.status.description

    assert stacks(OWN) == stacks(lambda provider: provider)


@pytest.mark.parametrize("decision", list(Decision))
def test_the_sampler_decides_on_a_trace_s_first_span(decision):
    class Fixed(Sampler):
        def should_sample(self, *_args, **_kwargs):
            return SamplingResult(decision, {"sampler": "a"}, TraceState([("vendor", "2")]))

        def get_description(self):
            return "fixed"

    def made(wrap):
        span = wrap(TracerProvider(sampler=Fixed(), shutdown_on_exit=False, id_generator=Ids())).get_tracer("t").start_span("a")
        return span.is_recording(), span.get_span_context(), dict(getattr(span, "attributes", {}))

    assert made(OWN) == made(lambda provider: provider)


def below(sampler, parent):
    """Whether a span below another is recorded, and how often the sampler was asked."""
    asked = []

    class Asked(ParentBased):
        def should_sample(self, *args, **kwargs):
            asked.append(args)
            return sampler.should_sample(*args, **kwargs)

    own = LeaveOutSampler(Asked(ALWAYS_ON), lambda *_: False, follows=True)
    tracer = OWN(TracerProvider(sampler=own, shutdown_on_exit=False)).get_tracer("t")
    span = tracer.start_span("a", trace.set_span_in_context(NonRecordingSpan(parent)))
    return span.is_recording(), len(asked), span.get_span_context().trace_flags


def test_nobody_is_asked_below_a_kept_span_of_this_process():
    local, remote = (SpanContext(1, 2, is_remote, TraceFlags(3)) for is_remote in (False, True))
    assert below(DEFAULT_ON, local) == (True, 0, 3)
    assert below(DEFAULT_ON, remote) == (True, 1, 3)
    assert below(ALWAYS_OFF, remote) == (False, 1, 2)
    assert below(DEFAULT_ON, SpanContext(1, 2, False, TraceFlags(0))) == (False, 0, 0)


def test_another_provider_s_spans_are_its_own(monkeypatch):
    provider = TracerProvider(shutdown_on_exit=False)
    assert not isinstance(LightProvider(provider).get_tracer("t").start_span("a"), LightSpan)
    assert isinstance(OWN(provider).get_tracer("t").start_span("a"), LightSpan)
    monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")
    assert not isinstance(OWN(provider).get_tracer("t").start_span("a"), LightSpan)

"""The cheaper blocks of current spans, against those of the SDK."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from thebot_tracing.children_only import LightProvider


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
def test_a_block_is_as_the_sdk_s(error, options):
    assert block(LightProvider, error, options) == block(lambda provider: provider, error, options)

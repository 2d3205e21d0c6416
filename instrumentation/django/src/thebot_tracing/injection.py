"""The headers that calls and tasks take with them, written at once.

The official propagators look up the span and the baggage anew for each format, and cost more than the span of the call. A test compares
what is written here with what they write.
"""

from __future__ import annotations

from urllib.parse import quote_plus

from opentelemetry import trace
from opentelemetry.propagators.textmap import CarrierT, Setter
from opentelemetry.trace import Span, TraceFlags

from .correlation import KEY

_DEBUG = 0x02
FORMATS = frozenset(("tracecontext", "baggage", "b3", "b3multi", "jaeger"))
"""Propagators whose headers are written here."""


def write(formats: frozenset[str], carrier: CarrierT, span: Span, correlation_id: str | None, setter: Setter[CarrierT]) -> None:
    """Write the headers of a span and of a correlation id, the only baggage that leaves.

    Args:
        formats: which of FORMATS.
        carrier: takes the headers.
        span: the current one.
        correlation_id: a valid one, or None.
        setter: sets a header of the carrier.
    """
    escaped = None if correlation_id is None else quote_plus(correlation_id)
    own = span.get_span_context()
    if own != trace.INVALID_SPAN_CONTEXT:
        trace_id, span_id, flags = f"{own.trace_id:032x}", f"{own.span_id:016x}", own.trace_flags
        sampled = "1" if flags & TraceFlags.SAMPLED else "0"
        if "jaeger" in formats:
            parent = getattr(span, "parent", None) if span.is_recording() else None
            of_jaeger = flags | _DEBUG if flags & TraceFlags.SAMPLED else flags
            setter.set(carrier, "uber-trace-id", f"{trace_id}:{span_id}:{parent.span_id if parent else 0:016x}:{of_jaeger:02x}")
            if escaped is not None:
                setter.set(carrier, f"uberctx-{KEY}", escaped)
        if "b3multi" in formats:
            setter.set(carrier, "x-b3-traceid", trace_id)
            setter.set(carrier, "x-b3-spanid", span_id)
            setter.set(carrier, "x-b3-sampled", sampled)
        if "b3" in formats:
            setter.set(carrier, "b3", f"{trace_id}-{span_id}-{sampled}")
        if "tracecontext" in formats:
            setter.set(carrier, "traceparent", f"00-{trace_id}-{span_id}-{flags:02x}")
            if own.trace_state:
                setter.set(carrier, "tracestate", own.trace_state.to_header())
    if "baggage" in formats and escaped is not None:
        setter.set(carrier, "baggage", f"{KEY}={escaped}")

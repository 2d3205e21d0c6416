"""Correlation id, trace and span in structured logs: a processor for structlog."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from opentelemetry import trace

from .correlation import KEY, SPAN_CONTEXT, get_correlation_id, valid


def add_tracing(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: adds `correlation_id`, `trace_id` and `span_id`, each where there is one.

    What the application has put there itself stays. Of a record that Django logs of a request which is over (404, a returned 5xx), which
    `structlog.stdlib.ProcessorFormatter` hands on, the request's are taken, as CorrelationIDLoggingFilter does.
    """
    request = getattr(event_dict.get("_record"), "request", None)
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        span = getattr(request, SPAN_CONTEXT, span)
    value = get_correlation_id() or getattr(request, KEY, None)
    if valid(value):
        event_dict.setdefault(KEY, value)
    if span.is_valid:
        event_dict.setdefault("trace_id", trace.format_trace_id(span.trace_id))
        event_dict.setdefault("span_id", trace.format_span_id(span.span_id))
    return event_dict

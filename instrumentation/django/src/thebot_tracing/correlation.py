"""Correlation ids: what they may look like, and where the current one is kept.

The id lives in OpenTelemetry's baggage, so that whatever carries the context carries it: threads of asgiref, tasks, outgoing calls.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import baggage, context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor

KEY = "correlation_id"
"""The baggage's key, the span's attribute and the log record's attribute."""
RESPONSE_HEADER = "X-Correlation-ID"
REQUEST_HEADERS = ("X-Correlation-ID", "X-Request-ID", "X-Trace-ID", "X-B3-Trace-ID")
"""Where a request may carry the id; the first valid one holds."""
_META_NAMES = tuple(f"HTTP_{name.upper().replace('-', '_')}" for name in REQUEST_HEADERS)
LONGEST = 128
SPAN_CONTEXT = "tracing_span_context"
"""The attribute of a request that has its span's context."""

# Nothing that ends a header, a log line or a baggage member, and nothing that a shell or a browser reads.
_VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)


def valid(value: object) -> bool:
    """Whether a text may be a correlation id: 1 to 128 of `A-Z a-z 0-9 . _ : -`, a letter or digit first."""
    return isinstance(value, str) and _VALID.fullmatch(value) is not None


def new_correlation_id() -> str:
    """A random id: a UUID of version 4."""
    return str(uuid.uuid4())


def choose(header: Callable[[str], str | None]) -> str:
    """The id of a request: of its headers, else of the baggage of the service that called, else a new one.

    Args:
        header: gives a header's value, or None.
    """
    for name in REQUEST_HEADERS:
        value = header(name)
        if value is not None and valid(value):
            return value
    return get_correlation_id() or new_correlation_id()


def choose_of_request(meta: Mapping[str, Any], around: Context) -> str:
    """The same of a Django request, by its META: `request.headers` would read all headers for it.

    Args:
        meta: the request's META.
        around: the context with the baggage of the service that called.
    """
    for name in _META_NAMES:
        value = meta.get(name)
        if value is not None and valid(value):
            return str(value)
    return get_correlation_id(around) or new_correlation_id()


def get_correlation_id(ctx: Context | None = None) -> str | None:
    """The current id, or that of a context; None where there is none."""
    value = baggage.get_baggage(KEY, ctx)
    return value if isinstance(value, str) else None


def set_correlation_id(value: str | None = None) -> str:
    """Make `value` the id of what follows: of the current span, of spans, calls and tasks begun from here, and of log records.

    It holds until what is around it ends: the block of a span (`start_as_current_span`), else the request or the task; then the former id
    holds again. Where nothing is around it, it holds for the thread; `correlation_id` is the better choice there.

    Args:
        value: the id. Default: a new one.

    Raises:
        ValueError: it is no valid id.
    """
    chosen = new_correlation_id() if value is None else value
    if not valid(chosen):
        raise ValueError(f"correlation id: found {chosen!r}; allowed are 1 to {LONGEST} of A-Z a-z 0-9 . _ : -")
    context.attach(baggage.set_baggage(KEY, chosen))
    trace.get_current_span().set_attribute(KEY, chosen)
    return chosen


@contextmanager
def correlation_id(value: str | None = None) -> Iterator[str]:
    """The same for a block, such as a management command."""
    token = context.attach(context.get_current())
    try:
        yield set_correlation_id(value)
    finally:
        context.detach(token)


class CorrelationIDSpanProcessor(SpanProcessor):
    """Put the id of the context on every span."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Copy it from the baggage."""
        value = baggage.get_baggage(KEY, parent_context)
        if isinstance(value, str):
            span.set_attribute(KEY, value)


class CorrelationIDLoggingFilter(logging.Filter):
    """Give log records `correlation_id`, `trace_id` and `span_id`; `-` where there is none.

    It drops no record. Put it on a handler, so that it sees the records of all loggers. What Django logs of a request that is over (404, a
    returned 5xx) names that request: its id and span are taken.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attributes."""
        request = getattr(record, "request", None)
        span = trace.get_current_span().get_span_context()
        if not span.is_valid:
            span = getattr(request, SPAN_CONTEXT, span)
        value = get_correlation_id() or getattr(request, KEY, None)
        record.correlation_id = value if valid(value) else "-"
        record.trace_id = trace.format_trace_id(span.trace_id) if span.is_valid else "-"
        record.span_id = trace.format_span_id(span.span_id) if span.is_valid else "-"
        return True

"""Spans that hold what no OTLP message can, made into such that can be sent: a client's text must not hide an error of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, Status

_LEAST, _GREATEST = -(1 << 63), (1 << 63) - 1


def encodable(span: ReadableSpan) -> ReadableSpan:
    """A copy of a span with all its texts and values encodable."""
    status = span.status
    return ReadableSpan(
        _text(span.name),
        span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=encodable_attributes(span.attributes),
        events=[Event(_text(event.name), encodable_attributes(event.attributes), event.timestamp) for event in span.events],
        links=[Link(link.context, encodable_attributes(link.attributes)) for link in span.links],
        kind=span.kind,
        status=Status(status.status_code, _text(status.description)) if status.description else status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def encodable_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Attributes whose names and values a message can hold."""
    return {_text(key): _value(value) for key, value in (attributes or {}).items()}


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (bool, float, bytes)):
        return value
    if isinstance(value, int):
        return value if _LEAST <= value <= _GREATEST else str(value)
    if isinstance(value, Mapping):
        return encodable_attributes(value)
    if isinstance(value, Sequence):
        return [_value(item) for item in value]
    return None if value is None else _text(repr(value))


def _text(text: str) -> str:
    """The text, with `\\\\udxxx` for what UTF-8 does not have."""
    return text.encode(errors="backslashreplace").decode()

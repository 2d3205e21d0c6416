"""Spans above the largest request: cut to what the Collector takes, so that a long text costs its end and not the span."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

CUT_FROM = "thebot.tracing.cut_from_bytes"
"""The attribute that marks a span as cut: its bytes before."""
_MARK_BYTES = 64
_ELLIPSIS = "…"
# A text is never cut to less: a span of very many short ones loses some of its parts instead.
_SHORTEST = 256
_PARTS = ("attributes", "events", "links")


def cut(message: bytes, most: int) -> bytes | None:
    """Make a Span message fit.

    Its longest texts are cut to one length, as long as possible; where that is not enough, its largest attributes, events and links are
    dropped, and counted in the span's own fields for that.

    Args:
        message: the span.
        most: bytes of the result, at most.

    Returns:
        The smaller message, marked by the attribute `CUT_FROM`; None where it cannot be made to fit.
    """
    span = Span.FromString(message)
    room = most - _MARK_BYTES
    _cut_texts(span, span.ByteSize() - room)
    if (over := span.ByteSize() - room) > 0:
        _drop_parts(span, over)
    span.attributes.add(key=CUT_FROM).value.int_value = len(message)
    return span.SerializeToString() if span.ByteSize() <= most else None


def _cut_texts(span: Any, over: int) -> None:
    """Cut the longest texts, so that the span has so many bytes fewer."""
    texts = sorted(_texts(span), key=lambda text: -text[0])
    longest = _common_length([size for size, _, _ in texts], over)
    for size, owner, name in texts:
        if size <= longest:
            return
        value = getattr(owner, name)
        if isinstance(value, str):
            kept = value.encode()[: longest - len(_ELLIPSIS.encode())].decode(errors="ignore")
            setattr(owner, name, kept + _ELLIPSIS)
        else:
            setattr(owner, name, value[:longest])


def _common_length(sizes: list[int], over: int) -> int:
    """The length that the longest of these texts are cut to, to save so many bytes."""
    saved = 0
    for count, (size, following) in enumerate(zip(sizes, [*sizes[1:], 0], strict=True), 1):
        # The `count` longest have the length `size` by now.
        if saved + count * (size - following) >= over:
            return max(_SHORTEST, size - -(-(over - saved) // count))
        saved += count * (size - following)
    return _SHORTEST


def _texts(span: Any) -> Iterator[tuple[int, Any, str]]:
    """All texts and bytes of a span that may be of any length: their size, the message that holds them, and the field's name."""
    yield len(span.name.encode()), span, "name"
    yield len(span.status.message.encode()), span.status, "message"
    yield from _of_attributes(span.attributes)
    for event in span.events:
        yield len(event.name.encode()), event, "name"
        yield from _of_attributes(event.attributes)
    for link in span.links:
        yield from _of_attributes(link.attributes)


def _of_attributes(attributes: Iterable[Any]) -> Iterator[tuple[int, Any, str]]:
    for attribute in attributes:
        yield len(attribute.key.encode()), attribute, "key"
        yield from _of_value(attribute.value)


def _of_value(value: Any) -> Iterator[tuple[int, Any, str]]:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        yield len(value.string_value.encode()), value, kind
    elif kind == "bytes_value":
        yield len(value.bytes_value), value, kind
    elif kind == "array_value":
        for item in value.array_value.values:
            yield from _of_value(item)
    elif kind == "kvlist_value":
        yield from _of_attributes(value.kvlist_value.values)


def _drop_parts(span: Any, over: int) -> None:
    """Drop the largest attributes, events and links, of equal ones the first, so that the span has so many bytes fewer."""
    parts = [(-part.ByteSize(), name, at) for name in _PARTS for at, part in enumerate(getattr(span, name))]
    dropped: set[tuple[str, int]] = set()
    for size, name, at in sorted(parts, key=lambda part: part[0]):
        if over <= 0:
            break
        # Its tag and a length of one byte at least.
        over += size - 2
        dropped.add((name, at))
    for name in _PARTS:
        field = getattr(span, name)
        kept = [part for at, part in enumerate(field) if (name, at) not in dropped]
        counter = f"dropped_{name}_count"
        setattr(span, counter, min(getattr(span, counter) + len(field) - len(kept), (1 << 32) - 1))
        if len(kept) < len(field):
            copies = [type(part).FromString(part.SerializeToString()) for part in kept]
            del field[:]
            field.extend(copies)

"""Spans as an OTLP request.

The exporter's own encoder makes a protobuf object of each attribute, and asks for the resource's hash with each span: four times the work
of writing the bytes. So a plain span, without events and links, is written here; every other one, and what spans have in common, is left to
that encoder. Text that UTF-8 does not have, such as a lone surrogate from a client's JSON, is escaped: it costs no span.
Numbers of fields: opentelemetry-proto, trace/v1/trace.proto and common/v1/common.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, StatusCode

from .answers import answer_of, message_of
from .encodable import encodable, encodable_attributes
from .redact import shown, without_secret_parameters
from .session import ExportSession

_CONTEXT = SpanContext(1, 1, False)
_LONGEST_REMEMBERED = 128
_OF_ERRORS = frozenset(("exception.message", "exception.stacktrace"))
_LEAST, _GREATEST = -(1 << 63), (1 << 63) - 1
# Tags: number of the field times eight, plus the wire type (0 number, 1 eight bytes, 2 length and bytes, 5 four bytes).
_RESOURCE_SPANS, _SCOPE_SPANS, _SPAN = b"\x0a", b"\x12", b"\x12"
_TRACE_ID, _SPAN_ID, _TRACE_STATE, _PARENT_ID, _NAME, _ATTRIBUTE = b"\x0a\x10", b"\x12\x08", b"\x1a", b"\x22\x08", b"\x2a", b"\x4a"
_KEY, _VALUE, _TEXT, _FLAG, _NUMBER = b"\x0a", b"\x12", b"\x0a", b"\x10", b"\x18"
# Kind (6), start (7) and end (8) in nanoseconds.
_kind_and_times = struct.Struct("<BBBQBQ").pack
_real = struct.Struct("<Bd").pack
_STATUS = {StatusCode.UNSET: b"\x7a\x00", StatusCode.OK: b"\x7a\x02\x18\x01", StatusCode.ERROR: b"\x7a\x02\x18\x02"}
# Field 16: whether the parent is of another process is known (0x100), and so it is (0x200).
_LOCAL_PARENT, _REMOTE_PARENT = b"\x85\x01\x00\x01\x00\x00", b"\x85\x01\x00\x03\x00\x00"


class NotPlain(Exception):
    """The span has something that is not written here."""


class EncodedSpan(NamedTuple):
    """A Span message, and what it has in common with others."""

    resource: Resource
    scope: InstrumentationScope | None
    message: bytes
    aside: int = 0
    """How often it was set aside, for others to go first."""


class EncodedSpanExporter(OTLPSpanExporter):
    """The OTLP exporter over HTTP, for spans that are encoded already.

    Args:
        endpoint: URL that spans are posted to. Default: the environment's.
        session: sends, and tells what came of it.
        timeout: seconds that one request may take. Default: the exporter's own.
    """

    def __init__(self, endpoint: str | None = None, *, session: ExportSession, timeout: float | None = None) -> None:
        super().__init__(endpoint, session=session, timeout=timeout)
        self._answers = session
        self.rejected = 0
        """Spans that the Collector rejected of those that it answered last, and `complaint` says why."""
        self.complaint = ""
        self.error: Exception | None = None
        """Why there was no answer, or no request."""

    def send(self, spans: Sequence[EncodedSpan]) -> bool:
        """Send spans, once; whether the Collector has taken them, or some of them.

        The exporter's own `export` sleeps between tries of its own, deaf to the end of the process, and takes a redirect for success.
        """
        client = self._client
        result = client._submit(client._compress(request(spans)), client._timeout)
        self.error = result.error
        taken = result.status_code is not None and 200 <= result.status_code < 300
        self.rejected, self.complaint = self._partial_success() if taken else (0, "")
        return taken

    def _partial_success(self) -> tuple[int, str]:
        """How many spans an answer rejects, and why; or a warning."""
        answer = message_of(self._answers, ExportTraceServiceResponse)
        if answer is None:
            return 0, f"{answer_of(self._answers).text}; that is no answer of OTLP: does the endpoint name a Collector?"
        return max(0, answer.partial_success.rejected_spans), answer.partial_success.error_message


def encode(span: ReadableSpan) -> EncodedSpan:
    """Encode an ended span, with secrets in URLs hidden.

    Raises:
        Exception: of protobuf's, where it holds what no message can.
    """
    try:
        message = _plain(span)
    except (NotPlain, TypeError, UnicodeEncodeError, struct.error):
        try:
            found = _by_exporter(span)
        except Exception:  # noqa: BLE001 - whatever protobuf says of it
            found = _by_exporter(encodable(span))
        _hide_secrets(found)
        message = found.SerializeToString()
    return EncodedSpan(span.resource, span.instrumentation_scope, message)


def _by_exporter(span: ReadableSpan) -> Any:
    return encode_spans([span]).resource_spans[0].scope_spans[0].spans[0]


def _hide_secrets(message: Any) -> None:
    """Hide secrets in the URLs of a Span message, and in those that its errors tell of."""
    for attribute in message.attributes:
        if attribute.value.string_value:
            attribute.value.string_value = shown(attribute.key, attribute.value.string_value)
    for event in message.events:
        for attribute in event.attributes:
            if attribute.key in _OF_ERRORS and attribute.value.string_value:
                attribute.value.string_value = without_secret_parameters(attribute.value.string_value)
    if message.status.message:
        message.status.message = without_secret_parameters(message.status.message)


def described(span: EncodedSpan) -> str:
    """A span to be read by people."""
    found = Span.FromString(span.message)
    return f"{found.name[:_LONGEST_REMEMBERED]!r} of {len(span.message)} bytes in trace {found.trace_id.hex()}"


def framing(span: EncodedSpan) -> int:
    """Bytes that a request of one span has beside its message, at most."""
    # Lengths of up to five bytes around the message, in place of one byte.
    return len(request([span._replace(message=b"")])) + 3 * 4


def request(spans: Sequence[EncodedSpan]) -> bytes:
    """An ExportTraceServiceRequest with these spans, grouped by resource and scope."""
    # A resource's hash is costly, and a process has one.
    resources: dict[int, dict[InstrumentationScope | None, list[EncodedSpan]]] = {}
    for span in spans:
        resources.setdefault(id(span.resource), {}).setdefault(span.scope, []).append(span)
    return b"".join(_resource_spans(list(scopes.values())) for scopes in resources.values())


def _plain(span: ReadableSpan) -> bytes:
    context, parent, status = span.context, span.parent, span.status
    if context is None or span.events or span.links or status.description:
        raise NotPlain
    if span.dropped_attributes or span.dropped_events or span.dropped_links:
        raise NotPlain
    return b"".join(
        (
            _TRACE_ID,
            context.trace_id.to_bytes(16, "big"),
            _SPAN_ID,
            context.span_id.to_bytes(8, "big"),
            _field(_TRACE_STATE, context.trace_state.to_header().encode()) if context.trace_state else b"",
            _PARENT_ID + parent.span_id.to_bytes(8, "big") if parent else b"",
            _name(span.name),
            _kind_and_times(0x30, span.kind.value + 1, 0x39, span.start_time or 0, 0x41, span.end_time or 0),
            *[_attribute(key, value) for key, value in (span.attributes or {}).items()],
            _STATUS[status.status_code],
            _REMOTE_PARENT if parent and parent.is_remote else _LOCAL_PARENT,
        )
    )


def _resource_spans(scopes: list[list[EncodedSpan]]) -> bytes:
    parts = [_common(scopes[0][0].resource)]
    for spans in scopes:
        parts.append(_field(_SCOPE_SPANS, b"".join((_head(spans[0].scope), *[_field(_SPAN, span.message) for span in spans]))))
    return _field(_RESOURCE_SPANS, b"".join(parts))


# A process has few resources and scopes: what they look like is asked of the exporter's encoder once, by a span of theirs.
@lru_cache(16)
def _common(resource: Resource) -> bytes:
    known = Resource(encodable_attributes(resource.attributes), resource.schema_url)
    message = encode_spans([ReadableSpan("", _CONTEXT, resource=known)]).resource_spans[0]
    message.ClearField("scope_spans")
    common: bytes = message.SerializeToString()
    return common


@lru_cache(256)
def _head(scope: InstrumentationScope | None) -> bytes:
    # Without a resource it would detect one, in threads, which a process that ends has not.
    sample = ReadableSpan("", _CONTEXT, resource=Resource.get_empty(), instrumentation_scope=scope)
    message = encode_spans([sample]).resource_spans[0].scope_spans[0]
    message.ClearField("spans")
    head: bytes = message.SerializeToString()
    return head


def _attribute(key: str, value: object) -> bytes:
    # Most values are the same again and again; long ones, mostly queries, are not worth the memory.
    kind = type(value)
    if kind is str and len(value) > _LONGEST_REMEMBERED:  # type: ignore[arg-type]
        return _member(key, _field(_TEXT, shown(key, value).encode()))  # type: ignore[arg-type]
    if kind is float:
        # Not remembered: 0.0 and -0.0 are equal.
        return _member(key, _real(0x21, value))
    return _remembered(key, value)


@lru_cache(4096, typed=True)
def _remembered(key: str, value: object) -> bytes:
    if type(value) is str:
        return _member(key, _field(_TEXT, shown(key, value).encode()))
    if type(value) is bool:
        return _member(key, _FLAG + bytes((value,)))
    if type(value) is int and _LEAST <= value <= _GREATEST:
        return _member(key, _NUMBER + _number(value & 0xFFFF_FFFF_FFFF_FFFF))
    raise NotPlain


def _member(key: str, value: bytes) -> bytes:
    return _field(_ATTRIBUTE, _field(_KEY, key.encode()) + _field(_VALUE, value))


def _name(name: str) -> bytes:
    return _short_name(name) if len(name) <= _LONGEST_REMEMBERED else _field(_NAME, name.encode())


@lru_cache(1024)
def _short_name(name: str) -> bytes:
    return _field(_NAME, name.encode())


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + _number(len(content)) + content


def _number(value: int) -> bytes:
    """Seven bits a byte, the lowest first; all bytes but the last have the eighth set."""
    if value < 128:
        return bytes((value,))
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)

"""Ended spans as messages that a request can hold."""

from __future__ import annotations

import logging

from opentelemetry.sdk.trace import ReadableSpan

from .encode import EncodedSpan, described, encode, framing
from .oversize import cut
from .reports import Loss, Reports

_logger = logging.getLogger(__name__)


class Encoder:
    """Encode spans, each small enough for a request of its own.

    Args:
        largest_request: bytes of a request, at most.
    """

    def __init__(self, largest_request: int) -> None:
        self._largest_request = largest_request
        self._reports = Reports(_logger)
        self.cut = 0
        """Spans of which a part was left out."""

    def encoded(self, span: ReadableSpan) -> EncodedSpan | Loss:
        """Encode a span; or say why it cannot be sent."""
        try:
            found = encode(span)
            # The framing of a span costs more to know than most spans.
            return found if len(found.message) <= self._largest_request // 2 else self._made_to_fit(found)
        except Exception:  # noqa: BLE001 - whatever the span holds, the request that ends it goes on
            self._reports.tell("encode", logging.ERROR, "the span %r cannot be encoded", span.name, error=True)
            return Loss.NOT_ENCODABLE

    def _made_to_fit(self, span: EncodedSpan) -> EncodedSpan | Loss:
        most = self._largest_request - framing(span)
        if len(span.message) <= most:
            return span
        smaller = cut(span.message, most)
        what = "dropped" if smaller is None else "cut"
        text = "the span %s is above the largest request of %d bytes (TRACING_MAX_REQUEST_BYTES), and %s"
        self._reports.tell(what, logging.WARNING, text, described(span), self._largest_request, what)
        if smaller is None:
            return Loss.TOO_LARGE
        self.cut += 1
        return span._replace(message=smaller)

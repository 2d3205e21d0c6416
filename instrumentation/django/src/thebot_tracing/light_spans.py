"""Spans that cost less than the SDK's.

The SDK's span copies and checks each attribute under two locks, and copies itself when it ends. Most attributes are short texts and
numbers, which need no check: a light span keeps them in a dictionary. Everything else is left to public classes of the SDK.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Mapping, MutableMapping, Sequence
from time import time_ns
from types import TracebackType
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.util.types import Attributes

_logger = logging.getLogger(__name__)
_CLEAN = frozenset((str, int, bool, float))
_UNSET = Status(StatusCode.UNSET)


class LightSpan(Span):
    """A recording span. It has the properties of the SDK's span, for processors and instrumentations that read them.

    Its methods do what the SDK's do. Only the order of attributes may differ: one that is set again keeps its place.
    """

    __slots__ = (
        "_lock", "_limits", "_record_exception", "_set_status_on_exception", "_tracer", "attributes", "context", "end_time", "events",
        "instrumentation_scope", "kind", "links", "name", "parent", "resource", "start_time", "status",
    )  # fmt: skip

    def __init__(
        self,
        tracer: SdkTracer,
        scope: InstrumentationScope,
        limits: SpanLimits,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        start_time: int | None,
        record_exception: bool,
        set_status_on_exception: bool,
    ) -> None:
        self._tracer = tracer
        self._limits = limits
        self._record_exception = record_exception
        self._set_status_on_exception = set_status_on_exception
        self._lock = threading.Lock()
        self.instrumentation_scope = scope
        self.resource = tracer.resource
        self.name = name
        self.context = context
        self.parent = parent
        self.kind = kind
        self.attributes: MutableMapping[str, Any] = {}
        self.events: Sequence[Event] = ()
        self.links: Sequence[Link] = ()
        self.status = _UNSET
        self.start_time = time_ns() if start_time is None else start_time
        self.end_time: int | None = None

    def get_span_context(self) -> SpanContext:
        """Its ids."""
        return self.context

    def is_recording(self) -> bool:
        """Whether it has not ended."""
        return self.end_time is None

    def set_attribute(self, key: str, value: Any) -> None:
        """Set an attribute. A value that is none is made into one, as by the SDK."""
        if self._is_open():
            self._set(key, value)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set several."""
        if self._is_open():
            for key, value in attributes.items():
                self._set(key, value)

    def _set(self, key: str, value: Any) -> None:
        held, limits = self.attributes, self._limits
        if type(held) is dict:
            if self._is_plain(key, value) and (key in held or limits.max_span_attributes is None or len(held) < limits.max_span_attributes):
                held[key] = value
                return
            # From here on the SDK's own class counts, cuts and converts.
            longest = limits.max_span_attribute_length
            held = self.attributes = BoundedAttributes(limits.max_span_attributes, held, immutable=False, max_value_len=longest)
        held[key] = value

    def _is_plain(self, key: Any, value: Any) -> bool:
        kind, longest = type(value), self._limits.max_span_attribute_length
        return kind in _CLEAN and type(key) is str and key != "" and (longest is None or kind is not str or len(value) <= longest)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add an event, now or at a time in nanoseconds."""
        if not self._is_open():
            return
        limits = self._limits
        bounded = BoundedAttributes(limits.max_event_attributes, attributes, max_value_len=limits.max_attribute_length)
        if not isinstance(self.events, BoundedList):
            self.events = BoundedList(limits.max_events)
        self.events.append(Event(name, bounded, timestamp))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Add a link."""
        if context is None or not (context.is_valid or attributes or context.trace_state) or not self._is_open():
            return
        limits = self._limits
        if not isinstance(self.links, BoundedList):
            self.links = BoundedList(limits.max_links)
        self.links.append(
            Link(context, BoundedAttributes(limits.max_link_attributes, attributes, max_value_len=limits.max_attribute_length))
        )

    def update_name(self, name: str) -> None:
        """Change its name."""
        if self._is_open():
            self.name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set its status. OK is final, and UNSET changes nothing."""
        code = status.status_code if isinstance(status, Status) else status
        if not self._is_open() or self.status.status_code is StatusCode.OK or code is StatusCode.UNSET:
            return
        if isinstance(status, Status):
            if description is not None:
                _logger.warning("Description %s ignored. Use either `Status` or `(StatusCode, Description)`", description)
            self.status = status
        else:
            self.status = Status(status, description)

    def record_exception(
        self, exception: BaseException, attributes: Attributes = None, timestamp: int | None = None, escaped: bool = False
    ) -> None:
        """Record an exception as an event."""
        kind = type(exception)
        module = kind.__module__
        described = {
            "exception.type": f"{module}.{kind.__qualname__}" if module and module != "builtins" else kind.__qualname__,
            "exception.message": str(exception),
            "exception.stacktrace": "".join(traceback.format_exception(exception)),
            "exception.escaped": str(escaped),
        }
        self.add_event("exception", {**described, **(attributes or {})}, timestamp)

    def end(self, end_time: int | None = None) -> None:
        """End it, now or at a time in nanoseconds, and hand it to the processors."""
        with self._lock:
            if not self._is_open():
                return
            self.end_time = time_ns() if end_time is None else end_time
        self._tracer.span_processor.on_end(
            ReadableSpan(
                self.name,
                self.context,
                self.parent,
                self.resource,
                self.attributes,
                self.events,
                self.links,
                self.kind,
                status=self.status,
                start_time=self.start_time,
                end_time=self.end_time,
                instrumentation_scope=self.instrumentation_scope,
            )
        )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None) -> None:
        """Record an exception of its block, and end."""
        if error is not None and self.is_recording():
            if self._record_exception:
                self.record_exception(error, escaped=True)
            if self._set_status_on_exception:
                self.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        super().__exit__(kind, error, place)

    def _is_open(self) -> bool:
        if self.end_time is None:
            return True
        _logger.warning("the span %r has ended, and is not changed", self.name)
        return False

"""What goes into and comes out of the headers of calls, requests and tasks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from opentelemetry import baggage, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.jaeger import JaegerPropagator
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util._importlib_metadata import entry_points

from .correlation import KEY, RESPONSE_HEADER, get_correlation_id, valid
from .injection import FORMATS, write
from .sampler import marked

_logger = logging.getLogger(__name__)
_PROPAGATORS: dict[str, type[TextMapPropagator]] = {
    "tracecontext": TraceContextTextMapPropagator,
    "baggage": W3CBaggagePropagator,
    "b3": B3SingleFormat,
    "b3multi": B3MultiFormat,
    "jaeger": JaegerPropagator,
}
# Headers without any of which a propagator finds nothing, not even baggage.
_HEADERS: dict[str, tuple[str, ...]] = {
    "tracecontext": ("traceparent",),
    "baggage": ("baggage",),
    "b3": ("b3", "x-b3-traceid"),
    "b3multi": ("b3", "x-b3-traceid"),
    "jaeger": ("uber-trace-id",),
}

# What a worker reads. All other headers would only make the message longer.
_OF_TASKS = frozenset(("tracecontext", "baggage"))


class CorrelationPropagator(TextMapPropagator):
    """The propagators of OTEL_PROPAGATORS, with a door for baggage: the correlation id goes through it, and nothing else.

    A propagator is asked only where one of its headers is there.

    Baggage that leaves is read by whoever is called; baggage that comes in is written by whoever calls. The id leaves as X-Correlation-ID
    too, for services that know nothing of baggage.

    Args:
        names: the propagators. Of several contexts in one carrier the last one's is taken.
        joined: a propagator that was there before.
    """

    def __init__(self, names: Sequence[str], joined: TextMapPropagator | None = None) -> None:
        found = [_PROPAGATORS[name]() if name in _PROPAGATORS else _load(name) for name in names]
        self._inner = CompositePropagator([joined, *found] if joined else found)
        known = [(propagator, _HEADERS.get(name)) for propagator, name in zip(found, names, strict=True)]
        # Of other propagators nobody knows what they write.
        self._formats = None if joined or not FORMATS.issuperset(names) else frozenset(names)
        self._readers: list[tuple[TextMapPropagator, tuple[str, ...] | None]] = [(joined, None), *known] if joined else known

    @property
    def headers(self) -> frozenset[str] | None:
        """Headers without any of which nothing is found; None where a propagator is not known."""
        listed = [headers for _, headers in self._readers]
        return None if None in listed else frozenset(header for headers in listed for header in headers or ())

    def extract(self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter) -> Context:
        """Take the trace context and a valid correlation id.

        A request that a left-out one has caused, or says so, begins a trace of its own: its parent is nowhere, and anybody may say so.
        """
        try:
            found = self._read(carrier, context, getter)
        except Exception:
            # Headers are anybody's, and no reason for a request to fail.
            _logger.exception("the headers of a request or task could not be read")
            found = context or Context()
        caller = trace.get_current_span(found).get_span_context()
        if caller.is_remote and marked(caller) and not _is_task(carrier):
            found = trace.set_span_in_context(trace.INVALID_SPAN, found)
        value = get_correlation_id(found)
        if not valid(value) and _is_task(carrier):
            # Without the propagator of baggage the header alone has it. Of a request the middleware reads it.
            sent = getter.get(carrier, RESPONSE_HEADER)
            value = sent[0] if sent and valid(sent[0]) else None
            found = baggage.set_baggage(KEY, value, found) if value else found
        if not baggage.get_all(found):
            # As it is: a caller takes an empty context for none.
            return found
        found = baggage.clear(found)
        return baggage.set_baggage(KEY, value, found) if valid(value) else found

    def _read(self, carrier: CarrierT, context: Context | None, getter: Getter[CarrierT]) -> Context:
        found = Context() if context is None else context
        for propagator, headers in self._readers:
            if headers is None or any(getter.get(carrier, header) for header in headers):
                found = propagator.extract(carrier, found, getter)
        return found

    def inject(self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter) -> None:
        """Hand on the trace context and the correlation id. A header X-Correlation-ID that the application has set stays as it is."""
        found = get_correlation_id(context)
        value = found if valid(found) else None
        if self._formats is None:
            bare = baggage.clear(context)
            self._inner.inject(carrier, baggage.set_baggage(KEY, value, bare) if value else bare, setter)
        else:
            formats = self._formats
            if _becomes_task(carrier) and formats >= _OF_TASKS:
                formats = _OF_TASKS
            write(formats, carrier, trace.get_current_span(context), value, setter)
        if value and not _has(carrier, RESPONSE_HEADER):
            setter.set(carrier, RESPONSE_HEADER, value)

    @property
    def fields(self) -> set[str]:
        """Names of the headers."""
        return {*self._inner.fields, RESPONSE_HEADER}


def _is_task(carrier: object) -> bool:
    """Whether it is a task of a Celery worker, which comes from the service's own broker."""
    return type(carrier).__module__.startswith("celery.")


def _becomes_task(carrier: object) -> bool:
    """Whether it is the headers of a task that Celery is about to send."""
    return type(carrier) is dict and "task" in carrier and "root_id" in carrier


def _has(carrier: object, name: str) -> bool:
    """Whether a carrier with names of headers has one, in any case."""
    if not isinstance(carrier, Iterable):
        return False
    length, lower = len(name), name.lower()
    return any(isinstance(key, (str, bytes)) and len(key) == length and _text(key).lower() == lower for key in carrier)


def _text(key: str | bytes) -> str:
    return key if isinstance(key, str) else key.decode("latin-1")


def _load(name: str) -> TextMapPropagator:
    """A propagator of another package."""
    made: TextMapPropagator = next(iter(entry_points(group="opentelemetry_propagator", name=name))).load()()
    return made

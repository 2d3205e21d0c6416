"""The span and the metrics of a request: what OpenTelemetry's instrumentation of Django records, at a part of its cost."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import re
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry import context, metrics, propagate, trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.propagators import get_global_response_propagator
from opentelemetry.metrics import MeterProvider, Observation
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from .captured import Captured
from .conventions import (
    Attributes,
    Conventions,
    active_attributes,
    decoded,
    duration_attributes,
    is_error,
    of_asgi,
    of_response,
    of_wsgi,
    request_duration_attributes,
    span_name,
)
from .correlation import KEY
from .propagation import CorrelationPropagator

if TYPE_CHECKING:
    # The package is imported while Django's settings are being read.
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

SCOPE = "thebot_tracing"
"""The name of the instrumentation scope of requests."""
CANCELLED = "request.cancelled"
"""The attribute of a cancelled request's span."""
# As web servers log it; no answer was sent.
_CLIENT_HAS_GONE = 499
# As the stable conventions advise, in seconds.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
# Attribute sets that are remembered without a request under way; a client can name any host.
_MOST_ACTIVE = 1000


class RequestSpan:
    """The span of a request that is under way, and what its metrics will be."""

    __slots__ = ("active", "attributes", "began", "error", "is_server", "is_unnamed", "recording", "route", "span", "verb")

    def __init__(self, span: Span, is_server: bool, attributes: Attributes, verb: str | None) -> None:
        self.span = span
        self.is_server = is_server
        self.recording = span.is_recording()
        self.attributes = attributes
        self.verb = verb
        self.is_unnamed = True
        """Whether its route is not known yet."""
        self.route: str | None = None
        self.error: Exception | None = None
        self.active: tuple[Any, ...] = ()
        self.began = perf_counter()

    def found(self, match: Any) -> None:
        """Its route is known."""
        self.is_unnamed = False
        if not match:
            return
        route = getattr(match, "route", None)
        if route:
            self.route = route
        if self.recording:
            if route:
                self.span.set_attribute("http.route", route)
            if self.verb and (route or match.url_name):
                self.span.update_name(f"{self.verb} {route or match.url_name}")


class RequestSpans:
    """Begin and end the spans of requests.

    Args:
        conventions: which attributes and metrics they have.
        tracer_provider: makes the spans. Default: the global one.
        meter_provider: takes the metrics. Default: the global one.
        excluded: regular expressions over the URL of requests that have neither.
        renew: is called with each request.
    """

    def __init__(
        self,
        conventions: Conventions,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        excluded: Sequence[re.Pattern[str]] = (),
        renew: Callable[[], None] = lambda: None,
    ) -> None:
        own = _version()
        self._tracer = trace.get_tracer(SCOPE, own, tracer_provider, conventions.schema_url)
        meter = metrics.get_meter(SCOPE, own, meter_provider, conventions.schema_url)
        self._conventions = conventions
        self._excluded = tuple(excluded)
        self._renew = renew
        self._captured = Captured(os.environ)
        self._propagated: tuple[object, frozenset[str] | None] = (None, None)
        self._milliseconds = self._seconds = None
        if conventions.old:
            what = "Measures the duration of inbound HTTP requests."
            self._milliseconds = meter.create_histogram("http.server.duration", unit="ms", description=what)
        if conventions.new:
            what = "Duration of HTTP server requests."
            self._seconds = meter.create_histogram(
                "http.server.request.duration", unit="s", description=what, explicit_bucket_boundaries_advisory=_BUCKETS
            )
        self._forget_active()
        own_active = weakref.ref(self)
        # Asked for when metrics are sent: two measurements a request would cost more than all else that is measured of it.
        meter.create_observable_up_down_counter(
            "http.server.active_requests",
            [lambda _options: [] if (found := own_active()) is None else found._observed()],
            unit="{request}",
            description="Number of active HTTP server requests.",
        )
        # The parent's requests are not the child's, nor is a lock that another thread held.
        os.register_at_fork(after_in_child=partial(_forget, own_active))

    def _forget_active(self) -> None:
        self._active: dict[tuple[Any, ...], int] = {}
        self._lock = threading.Lock()

    def _observed(self) -> list[Observation]:
        with self._lock:
            counts = list(self._active.items())
        return [Observation(count, dict(key)) for key, count in counts]

    def begin(self, request: HttpRequest, choose: Callable[[Context], str]) -> tuple[RequestSpan, Context, str] | None:
        """Begin the span of a request. Returns it, the context without it, and the correlation id; None where it is excluded.

        Args:
            request: the request.
            choose: gives the request's correlation id, in the context that its headers bring.
        """
        self._renew()
        if self._excluded and self._is_excluded(request):
            return None
        scope: Mapping[str, Any] | None = getattr(request, "scope", None)
        which = self._conventions
        attributes = of_wsgi(request.META, which) if scope is None else of_asgi(scope, which)
        if trace.get_current_span() is trace.INVALID_SPAN:
            kind, around = SpanKind.SERVER, self._sent(request.META, scope)
        else:
            kind, around = SpanKind.INTERNAL, context.get_current()
        chosen = choose(around)
        verb, name = span_name(request.method)
        span = self._tracer.start_span(name, around, kind, {**attributes, KEY: chosen})
        begun = RequestSpan(span, kind is SpanKind.SERVER, attributes, verb)
        if begun.recording and self._captured:
            span.set_attributes(self._captured.of_request(request, begun.is_server))
        key = begun.active = tuple(active_attributes(attributes).items())
        with self._lock:
            self._active[key] = self._active.get(key, 0) + 1
        return begun, around, chosen

    def _is_excluded(self, request: HttpRequest) -> bool:
        try:
            url = request.build_absolute_uri("?")
        except Exception:  # noqa: BLE001 - the host is not allowed, or none
            return False
        return any(pattern.search(url) for pattern in self._excluded)

    def _sent(self, meta: Mapping[str, Any], scope: Mapping[str, Any] | None) -> Context:
        """What the headers of a request bring. Where none of them is a propagator's, none is asked."""
        textmap = propagate.get_global_textmap()
        if self._propagated[0] is not textmap:
            self._propagated = (textmap, _environ_names(textmap))
        names = self._propagated[1]
        if names is not None and meta.keys().isdisjoint(names):
            return Context()
        if scope is None:
            return propagate.extract(meta, getter=_wsgi)
        return propagate.extract(asgi_headers(scope), getter=ASGI_GETTER)

    def end(self, begun: RequestSpan, request: HttpRequest, response: HttpResponseBase) -> None:
        """End it with its response. Its span is the current one."""
        if begun.is_unnamed and begun.verb and begun.recording:
            self._name(begun, request)
        if begun.recording and begun.is_server and self._captured:
            begun.span.set_attributes(self._captured.of_response(response))
        propagator = get_global_response_propagator()  # type: ignore[no-untyped-call]
        if propagator:
            propagator.inject(response)
        self._end(begun, response.status_code, begun.error)

    def end_without_response(self, begun: RequestSpan, error: BaseException) -> None:
        """End it where there is no response: an asynchronous server cancels a request whose client has gone, or the server ends it with
        something that is no Exception, such as `SystemExit` at gunicorn's `--timeout`, or gevent's `Timeout`.
        """
        if isinstance(error, (asyncio.CancelledError, concurrent.futures.CancelledError)):
            begun.span.set_attribute(CANCELLED, True)
            self._end(begun, _CLIENT_HAS_GONE, None)
        else:
            begun.span.record_exception(error)
            self._end(begun, 500, None)

    def _end(self, begun: RequestSpan, status: int, error: Exception | None) -> None:
        span, attributes, which = begun.span, begun.attributes, self._conventions
        answered = of_response(status, which)
        attributes.update(answered)
        if begun.route and which.new:
            attributes["http.route"] = begun.route
        if begun.recording:
            span.set_attributes(answered)
            if is_error(status):
                span.set_status(Status(StatusCode.ERROR))
            if error is not None:
                span.record_exception(error)
                span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        took = perf_counter() - begun.began
        if self._milliseconds:
            self._milliseconds.record(max(round(took * 1000), 0), duration_attributes(attributes, begun.route))
        if self._seconds:
            self._seconds.record(max(took, 0), request_duration_attributes(attributes))
        with self._lock:
            # Where a fork has come between, the request is not known here.
            count = max(0, self._active.get(begun.active, 0) - 1)
            self._active[begun.active] = count
            if not count and len(self._active) > _MOST_ACTIVE:
                del self._active[begun.active]
        span.end()

    @staticmethod
    def _name(begun: RequestSpan, request: HttpRequest) -> None:
        """Name a span whose view was not reached: a middleware has answered, or there is none."""
        from django.urls import Resolver404, resolve

        try:
            match = request.resolver_match or resolve(request.path)
        except Resolver404:
            return
        route = match.route or match.url_name
        if route:
            begun.span.update_name(f"{begun.verb} {route}")


def _version() -> str:
    try:
        return version("thebot-tracing")
    except PackageNotFoundError:
        # It runs from its sources.
        return ""


def _forget(spans: weakref.ref[RequestSpans]) -> None:
    if (found := spans()) is not None:
        found._forget_active()


def _environ_names(textmap: object) -> frozenset[str] | None:
    """How request.META names the headers that a propagator reads; None where they are not known."""
    headers = textmap.headers if isinstance(textmap, CorrelationPropagator) else None
    return None if headers is None else frozenset(map(environ_name, headers))


def environ_name(header: str) -> str:
    """How request.META names a header."""
    return f"HTTP_{header.upper().replace('-', '_')}"


def asgi_headers(scope: Mapping[str, Any]) -> dict[str, list[str]]:
    """The headers of a scope of ASGI, by their names in lower case."""
    headers: dict[str, list[str]] = {}
    for name, value in scope.get("headers") or ():
        headers.setdefault(decoded(name).lower(), []).append(decoded(value))
    return headers


class _WsgiGetter(Getter[Mapping[str, Any]]):
    """Reads headers from an environ of WSGI."""

    def get(self, carrier: Mapping[str, Any], key: str) -> list[str] | None:
        value = carrier.get(environ_name(key))
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, Any]) -> list[str]:
        return [key[5:].lower().replace("_", "-") for key in carrier if key.startswith("HTTP_")]


class _AsgiGetter(Getter[Mapping[str, list[str]]]):
    """Reads headers of ASGI, gathered by their names."""

    def get(self, carrier: Mapping[str, list[str]], key: str) -> list[str] | None:
        return carrier.get(key.lower())

    def keys(self, carrier: Mapping[str, list[str]]) -> list[str]:
        return list(carrier)


_wsgi, ASGI_GETTER = _WsgiGetter(), _AsgiGetter()
_state: dict[str, RequestSpans] = {}


def use(spans: RequestSpans | None) -> None:
    """Record requests by these; None: by none."""
    _state.clear()
    if spans is not None:
        _state["spans"] = spans


def used() -> RequestSpans | None:
    """What requests are recorded by."""
    return _state.get("spans")

"""Spans of Channels: the handshake and each message of a WebSocket, requests to HTTP consumers, and messages of channel layers.

Django's middleware sees none of them. A WebSocket may live for hours, so each of its messages is a separate trace, linked to that of the
handshake; all have the handshake's correlation id.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

from opentelemetry import baggage, context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode

from .conventions import Attributes, Conventions, is_error, of_asgi, of_response
from .correlation import KEY, RESPONSE_HEADER, choose, new_correlation_id
from .replaced import replace
from .request_spans import ASGI_GETTER, SCOPE, asgi_headers
from .sampler import marked

_logger = logging.getLogger(__name__)
_ROUTE = "thebot_tracing.route"
_RESPONSE_HEADER = RESPONSE_HEADER.lower().encode()
_SWITCHING, _DENIED = 101, 403
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


def trace_channels(conventions: Conventions) -> None:
    """Record what Channels' routers and consumers handle from now on.

    Args:
        conventions: which attributes a request has.
    """
    from channels.consumer import AsyncConsumer
    from channels.routing import URLRouter

    tracer = trace.get_tracer(SCOPE, schema_url=conventions.schema_url)
    handle, route = AsyncConsumer.__call__, URLRouter.__call__

    @wraps(route)
    async def routed(router: Any, scope: Message, receive: Any, send: Send) -> Any:
        return await route(router, {**scope, _ROUTE: scope.get(_ROUTE, "") + _pattern(router, scope)}, receive, send)

    @wraps(handle)
    async def handled(consumer: Any, scope: Message, receive: Any, send: Send) -> Any:
        try:
            connection = _Connection(tracer, conventions, consumer, scope)
        except Exception:
            _logger.exception("a connection of Channels is not recorded; it continues")
            return await handle(consumer, scope, receive, send)
        return await connection.handle(handle, receive, send)

    replace(URLRouter, "__call__", routed)
    replace(AsyncConsumer, "__call__", handled)


def _pattern(router: Any, scope: Mapping[str, Any]) -> str:
    """The pattern of the route that a router will take."""
    try:
        path = scope.get("path_remaining")
        if path is None:
            path = scope["path"][len(scope.get("root_path") or "") :]
        found = (str(route.pattern) for route in router.routes if route.pattern.match(path.lstrip("/")))
        return next(found, "")
    except Exception:
        _logger.exception("the route of a connection of Channels is not known")
        return ""


class _Connection:
    """A consumer's connection: a WebSocket, an HTTP request, or a channel of a worker."""

    def __init__(self, tracer: trace.Tracer, conventions: Conventions, consumer: Any, scope: Message) -> None:
        self._tracer = tracer
        self._conventions = conventions
        self._consumer = consumer
        self._scope = scope
        self._type: str = scope["type"]
        self._route: str = scope.get(_ROUTE) or scope.get("channel", "")
        headers = asgi_headers(scope)
        self._around = propagate.extract(headers, getter=ASGI_GETTER) if headers else Context()
        sent = {name: values[0] for name, values in headers.items()}
        token = context.attach(self._around)
        try:
            self._id = choose(lambda name: sent.get(name.lower()))
        finally:
            context.detach(token)
        self._attributes: Attributes = {"channels.consumer": f"{type(consumer).__module__}.{type(consumer).__qualname__}"}
        if self._type in ("websocket", "http"):
            # The handshake of a WebSocket is a GET, which sampling rules may name.
            self._attributes |= of_asgi({"method": "GET", **scope}, conventions)
            if self._route:
                self._attributes["http.route"] = self._route
        self._begun: Span | None = None
        """The span of the handshake or request."""
        self._answered_once = False

    async def handle(self, handle: Callable[..., Awaitable[Any]], receive: Any, send: Send) -> Any:
        """Let the consumer handle the connection."""
        scope, consumer = {**self._scope, KEY: self._id}, self._consumer

        async def sent(message: Message) -> None:
            self._answered(message)
            if message.get("type") == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (_RESPONSE_HEADER, self._id.encode())]}
            await send(message)

        if self._type == "http":
            verb = str(self._scope.get("method", "GET"))
            with self._span(f"{verb} {self._route}".strip(), SpanKind.SERVER, self._around):
                return await handle(consumer, scope, receive, sent)
        dispatch = consumer.dispatch

        async def dispatched(message: Message) -> None:
            with self._message(str(message.get("type", ""))):
                await dispatch(message)

        consumer.dispatch = dispatched
        try:
            return await handle(consumer, scope, receive, sent)
        finally:
            del consumer.dispatch

    @contextmanager
    def _message(self, kind: str) -> Iterator[None]:
        name = f"{kind} {self._route}".strip()
        if kind == "websocket.connect":
            with self._span(name, SpanKind.SERVER, self._around):
                yield
            return
        begun = self._begun.get_span_context() if self._begun is not None else None
        if begun is not None and marked(begun):
            # The connection is excluded, and so are its messages.
            yield
            return
        links = [Link(begun)] if begun is not None and begun.is_valid else []
        with self._span(name, SpanKind.SERVER if kind.startswith("websocket.") else SpanKind.CONSUMER, Context(), links):
            yield

    @contextmanager
    def _span(self, name: str, kind: SpanKind, around: Context, links: list[Link] | None = None) -> Iterator[None]:
        from channels.exceptions import StopConsumer

        # A worker's channel serves any number of callers.
        around = baggage.set_baggage(KEY, new_correlation_id() if self._type == "channel" else self._id, around)
        span = self._tracer.start_span(name, around, kind, self._attributes, links)
        if self._begun is None and self._type != "channel":
            self._begun = span
        token = context.attach(trace.set_span_in_context(span, around))
        try:
            yield
        except StopConsumer:
            raise
        except Exception as error:
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
            raise
        finally:
            context.detach(token)
            span.end()

    def _answered(self, message: Message) -> None:
        """Record the status of the handshake or request."""
        status = {"http.response.start": message.get("status"), "websocket.accept": _SWITCHING, "websocket.close": _DENIED}.get(
            message.get("type", "")
        )
        if status is None or self._answered_once or self._begun is None:
            return
        self._answered_once = True
        if not self._begun.is_recording():
            return
        self._begun.set_attributes(of_response(status, self._conventions))
        if is_error(status):
            self._begun.set_status(Status(StatusCode.ERROR))

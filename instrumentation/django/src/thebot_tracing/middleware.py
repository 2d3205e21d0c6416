"""The one middleware: a request's correlation id, its span and its metrics, for synchronous and asynchronous stacks."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from opentelemetry import baggage, context, trace
from opentelemetry.context import Context

from .correlation import KEY, RESPONSE_HEADER, SPAN_CONTEXT, choose_of_request
from .request_spans import RequestSpan, RequestSpans, used

_logger = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], Any]
_UNDER_WAY = "tracing_under_way"
"""The attribute of a request that is under way."""


class CorrelationIDMiddleware:
    """Give each request a correlation id (`request.correlation_id`, the response's header, spans, calls, tasks, logs), a span and metrics.

    It stands first in MIDDLEWARE; of several for one request the first does it all. Where tracing is not initialised, ids and log records
    work all the same.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
            # As it is, Django would run it in a thread, for each request.
            self.process_view = self._found_async  # type: ignore[assignment]

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request."""
        if self.is_async:
            return self._answer(request)
        if hasattr(request, _UNDER_WAY):
            return cast(HttpResponseBase, self.get_response(request))
        under_way = UnderWay(request)
        try:
            return under_way.end(self.get_response(request))
        except BaseException as error:
            under_way.fail(error)
            raise
        finally:
            context.detach(under_way.token)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if hasattr(request, _UNDER_WAY):
            return cast(HttpResponseBase, await self.get_response(request))
        under_way = UnderWay(request)
        try:
            return under_way.end(await self.get_response(request))
        except BaseException as error:
            under_way.fail(error)
            raise
        finally:
            context.detach(under_way.token)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Record the route, which is known by now."""
        _found(request)

    async def _found_async(self, request: HttpRequest, *_view: Any) -> None:
        _found(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Keep what the view has raised, for the end of the span."""
        under_way: UnderWay | None = getattr(request, _UNDER_WAY, None)
        if under_way is not None and under_way.begun is not None:
            under_way.begun.error = exception


def _found(request: HttpRequest) -> None:
    under_way: UnderWay | None = getattr(request, _UNDER_WAY, None)
    if under_way is not None:
        under_way.found()


class UnderWay:
    """A request that is under way, in a context of its own. Whatever fails in here, the request goes on."""

    __slots__ = ("begun", "request", "spans", "token")

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.spans: RequestSpans | None = used()
        self.begun: RequestSpan | None = None
        found = self._begin() if self.spans is not None else None
        if found is None:
            around = context.get_current()
            chosen = choose_of_request(request.META, around)
        else:
            self.begun, around, chosen = found
        around = baggage.set_baggage(KEY, chosen, around)
        if self.begun is None:
            span = trace.get_current_span()
            span.set_attribute(KEY, chosen)
        else:
            span = self.begun.span
            around = trace.set_span_in_context(span, around)
        self.token = context.attach(around)
        request.__dict__.update({KEY: chosen, SPAN_CONTEXT: span.get_span_context(), _UNDER_WAY: self})

    def _begin(self) -> tuple[RequestSpan, Context, str] | None:
        try:
            return cast(RequestSpans, self.spans).begin(self.request, partial(choose_of_request, self.request.META))
        except Exception:  # noqa: BLE001 - tracing is no reason for a request to fail
            return self._failed("begun")

    def found(self) -> None:
        """The route is known."""
        if self.begun is not None:
            try:
                self.begun.found(self.request.resolver_match)
            except Exception:  # noqa: BLE001
                self._failed("named")

    def end(self, response: HttpResponseBase) -> HttpResponseBase:
        """Put the id on the response, and end the span. A body that is made later is made in the context of its request."""
        response.headers[RESPONSE_HEADER] = self.request.__dict__[KEY]
        if response.streaming and not _is_file(response):
            streamed = cast(StreamingHttpResponse, response)
            wrap = _AsyncParts if streamed.is_async else _Parts
            streamed.streaming_content = wrap(cast(Any, streamed.streaming_content), context.get_current())
        if self.begun is not None and self.spans is not None:
            try:
                self.spans.end(self.begun, self.request, response)
            except Exception:  # noqa: BLE001
                self._failed("ended")
                self.begun.span.end()
        return response

    def fail(self, error: BaseException) -> None:
        """End the span of a request that has no response."""
        if self.begun is not None and self.spans is not None:
            try:
                self.spans.end_without_response(self.begun, error)
            except Exception:  # noqa: BLE001
                self._failed("ended")

    @staticmethod
    def _failed(what: str) -> None:
        _logger.exception("the span of a request could not be %s; the request goes on", what)


def _is_file(response: HttpResponseBase) -> bool:
    """Whether the body is a file of this machine: it makes no spans, and the server may send it faster than Python can."""
    file = getattr(response, "file_to_stream", None)
    return isinstance(file, io.IOBase) or isinstance(getattr(file, "__dict__", {}).get("file"), io.IOBase)


class _Parts(Iterator[bytes]):
    """Parts of a body, each made in a context."""

    def __init__(self, parts: Iterator[bytes], ctx: Context) -> None:
        self._parts = parts
        self._context = ctx

    def __next__(self) -> bytes:
        token = context.attach(self._context)
        try:
            return next(self._parts)
        finally:
            context.detach(token)


class _AsyncParts(AsyncIterator[bytes]):
    """The same, asynchronously."""

    def __init__(self, parts: AsyncIterator[bytes], ctx: Context) -> None:
        self._parts = parts
        self._context = ctx

    async def __anext__(self) -> bytes:
        token = context.attach(self._context)
        try:
            return await self._parts.__anext__()
        finally:
            context.detach(token)

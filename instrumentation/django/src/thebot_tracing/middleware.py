"""The middleware of the correlation id, for synchronous and asynchronous stacks."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from opentelemetry import context, trace
from opentelemetry.context import Context

from .correlation import RESPONSE_HEADER, SPAN_CONTEXT, choose, set_correlation_id

Handler = Callable[[HttpRequest], Any]


class CorrelationIDMiddleware:
    """Give each request a correlation id: on the request (`request.correlation_id`), the response's header, spans, calls, tasks and logs.

    It stands first in MIDDLEWARE. Where tracing is not initialised, ids and log records work all the same.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request under its id."""
        if self.is_async:
            return self._answer(request)
        token = context.attach(context.get_current())
        try:
            begin(request)
            return end(request, self.get_response(request))
        finally:
            context.detach(token)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        token = context.attach(context.get_current())
        try:
            begin(request)
            return end(request, await self.get_response(request))
        finally:
            context.detach(token)


def begin(request: HttpRequest) -> None:
    """Choose the request's id and make it the current one."""
    request.correlation_id = set_correlation_id(choose(request.headers.get))  # type: ignore[attr-defined]
    setattr(request, SPAN_CONTEXT, trace.get_current_span().get_span_context())


def end(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Put the id on the response. A body that is made later is made in the context of its request."""
    response.headers[RESPONSE_HEADER] = cast(str, request.correlation_id)  # type: ignore[attr-defined]
    if response.streaming and not _is_file(response):
        streamed = cast(StreamingHttpResponse, response)
        wrap = _AsyncParts if streamed.is_async else _Parts
        streamed.streaming_content = wrap(cast(Any, streamed.streaming_content), context.get_current())
    return response


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

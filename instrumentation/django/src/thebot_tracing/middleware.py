"""The middleware of the correlation id, for synchronous and asynchronous stacks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from opentelemetry import context

from .correlation import RESPONSE_HEADER, choose, set_correlation_id

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


def end(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Put the id on the response."""
    response.headers[RESPONSE_HEADER] = cast(str, request.correlation_id)  # type: ignore[attr-defined]
    return response

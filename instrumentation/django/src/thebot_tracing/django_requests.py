"""What the instrumentation of Django leaves to us: that its middleware is there, and the end of a request that is cancelled."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from functools import wraps
from typing import Any

from opentelemetry import trace

from .replaced import replace

CANCELLED = "request.cancelled"
"""The attribute of a cancelled request's span."""
# As web servers log it; no answer was sent.
_CLIENT_HAS_GONE = 499


def place_middleware(complete: Callable[[], None]) -> None:
    """Put the instrumentation's middleware into MIDDLEWARE whenever Django loads it, where it is not there by then.

    The instrumentation puts it there while the settings are being read. What it has changed is lost where MIDDLEWARE is a tuple, and where
    the module that begins tracing is not the one that DJANGO_SETTINGS_MODULE names: no request would have a span, and nothing would say so.

    Args:
        complete: is called first, as the settings are complete then.
    """
    from django.conf import settings
    from django.core.handlers.base import BaseHandler
    from opentelemetry.instrumentation.django import DjangoInstrumentor, _get_django_otel_middleware_position

    load = BaseHandler.load_middleware

    @wraps(load)
    def load_middleware(handler: BaseHandler, *args: Any, **kwargs: Any) -> None:
        complete()
        name, listed = DjangoInstrumentor._opentelemetry_middleware, list(settings.MIDDLEWARE)
        if name not in listed:
            listed.insert(_get_django_otel_middleware_position(len(listed)), name)  # type: ignore[no-untyped-call]
            settings.MIDDLEWARE = listed
        load(handler, *args, **kwargs)

    replace(BaseHandler, "load_middleware", load_middleware)


def end_cancelled_requests() -> None:
    """End the span of a request that an asynchronous server cancels, as its client has gone.

    The instrumentation ends it with the response, and there is none: the span, the root of what was done until then, would be lost.
    """
    from django.http import HttpRequest, HttpResponse
    from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware

    call: Callable[[Any, HttpRequest], Any] = _DjangoMiddleware.__call__

    @wraps(call)
    def answer(middleware: Any, request: HttpRequest) -> Any:
        try:
            return call(middleware, request)
        except (asyncio.CancelledError, concurrent.futures.CancelledError):
            request.META.get(_DjangoMiddleware._environ_span_key, trace.INVALID_SPAN).set_attribute(CANCELLED, True)
            middleware.process_response(request, HttpResponse(status=_CLIENT_HAS_GONE))
            raise

    replace(_DjangoMiddleware, "__call__", answer)

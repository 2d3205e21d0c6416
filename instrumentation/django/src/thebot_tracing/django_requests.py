"""What the instrumentation of Django leaves to us: its middleware's place, requests with a host that is none, and cancelled ones."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from contextlib import suppress
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


def mend_middleware() -> None:
    """Mend two things in the instrumentation's middleware.

    It asks for a request's URL, which raises where the host is not allowed or none: before any other middleware, which may well answer
    such a request, as the probe of a load balancer. Here it is handed on, without a span.

    And it ends a span with the response. Where an asynchronous server cancels a request, as its client has gone, there is none: the span,
    the root of what was done until then, would be lost.
    """
    from django.core.exceptions import DisallowedHost
    from django.http import HttpRequest, HttpResponse
    from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware

    call: Callable[[Any, HttpRequest], Any] = _DjangoMiddleware.__call__
    begin: Callable[[Any, HttpRequest], None] = _DjangoMiddleware.process_request
    end = _DjangoMiddleware.process_response

    @wraps(call)
    def answer(middleware: Any, request: HttpRequest) -> Any:
        try:
            return call(middleware, request)
        except (asyncio.CancelledError, concurrent.futures.CancelledError):
            request.META.get(_DjangoMiddleware._environ_span_key, trace.INVALID_SPAN).set_attribute(CANCELLED, True)
            middleware.process_response(request, HttpResponse(status=_CLIENT_HAS_GONE))
            raise

    @wraps(begin)
    def process_request(middleware: Any, request: HttpRequest) -> None:
        with suppress(DisallowedHost, ValueError):
            begin(middleware, request)

    def where_begun(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def process(middleware: Any, request: HttpRequest, *args: Any) -> Any:
            if _DjangoMiddleware._environ_activation_key in request.META:
                return method(middleware, request, *args)
            return args[0] if method is end else None

        return process

    replace(_DjangoMiddleware, "__call__", answer)
    replace(_DjangoMiddleware, "process_request", process_request)
    for name in ("process_view", "process_exception", "process_response"):
        replace(_DjangoMiddleware, name, where_begun(getattr(_DjangoMiddleware, name)))

"""What the instrumentation of Django lacks: its middleware's place, requests with an invalid host, and requests without a response."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from opentelemetry import context, trace

from .replaced import replace

_logger = logging.getLogger(__name__)
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
        # Once: `opentelemetry-instrument` puts it there too, while it reads the settings that call init_tracing().
        settings.MIDDLEWARE = list(dict.fromkeys(listed))
        load(handler, *args, **kwargs)

    replace(BaseHandler, "load_middleware", load_middleware)


def mend_middleware(renew: Callable[[], None]) -> None:
    """Mend three things in the instrumentation's middleware.

    It asks for a request's URL, which raises where the host is not allowed or none: before any other middleware, which may well answer
    such a request, as the probe of a load balancer. Here it is handed on, without a span. So it is where anything else in it fails.

    It ends a span with the response. There is none if an asynchronous server cancels a request, as its client has gone, or if the server
    ends the request with something that is no Exception: `SystemExit` at gunicorn's `--timeout`, gevent's `Timeout`. The span, the root of
    what was done until then, would be lost.

    And it would leave that span the current one: later requests of the thread would hang below it.

    Args:
        renew: is called with each request.
    """
    from django.http import HttpRequest, HttpResponse
    from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware

    call: Callable[[Any, HttpRequest], Any] = _DjangoMiddleware.__call__

    @wraps(call)
    def answer(middleware: Any, request: HttpRequest) -> Any:
        renew()
        token = context.attach(context.get_current())
        try:
            return call(middleware, request)
        except BaseException as error:
            status = _record(request.META.get(_DjangoMiddleware._environ_span_key, trace.INVALID_SPAN), error)
            middleware.process_response(request, HttpResponse(status=status))
            raise
        finally:
            context.detach(token)

    replace(_DjangoMiddleware, "__call__", answer)
    for name in ("process_request", "process_view", "process_exception", "process_response"):
        replace(_DjangoMiddleware, name, _harmless(getattr(_DjangoMiddleware, name)))


def _record(span: trace.Span, error: BaseException) -> int:
    """Record what ended a request without a response; returns the status that stands for it, and makes the span an error from 500 on."""
    if isinstance(error, (asyncio.CancelledError, concurrent.futures.CancelledError)):
        span.set_attribute(CANCELLED, True)
        return _CLIENT_HAS_GONE
    span.record_exception(error)
    return 500


def _harmless(method: Callable[..., Any]) -> Callable[..., Any]:
    """A step of the instrumentation's middleware that does nothing where the span was not begun, and never fails."""
    from django.core.exceptions import DisallowedHost
    from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware

    begins, ends = method.__name__ == "process_request", method.__name__ == "process_response"

    @wraps(method)
    def process(middleware: Any, request: Any, *args: Any) -> Any:
        activation = request.META.get(_DjangoMiddleware._environ_activation_key)
        try:
            if begins or activation is not None:
                return method(middleware, request, *args)
        except Exception as error:  # noqa: BLE001 - tracing is no reason for a request to fail
            if not (begins and isinstance(error, (DisallowedHost, ValueError))):
                _logger.exception("%s of the instrumentation failed; the request goes on", method.__name__)
            if ends and activation is not None:
                activation.__exit__(None, None, None)
        return args[0] if ends else None

    return process

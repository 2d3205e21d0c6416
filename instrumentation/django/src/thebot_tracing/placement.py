"""Where the middleware stands: also in projects that do not list it, and beside OpenTelemetry's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from .replaced import replace

OURS = "thebot_tracing.middleware.CorrelationIDMiddleware"
OFFICIAL = "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware"
_POSITION = "OTEL_PYTHON_DJANGO_MIDDLEWARE_POSITION"


def place_middleware(complete: Callable[[], None], leave: Callable[[], None]) -> None:
    """Have the middleware in its place whenever Django loads MIDDLEWARE.

    The settings are complete only then: what is changed while they are being read is lost where MIDDLEWARE is a tuple, and where the module
    that begins tracing is not the one that DJANGO_SETTINGS_MODULE names. No request would have a span, and nothing would say so.

    Args:
        complete: is called first, as the settings are complete then.
        leave: is called where the application has instrumented Django by OpenTelemetry's own instrumentor: its requests have spans.
    """
    from django.conf import settings
    from django.core.handlers.base import BaseHandler

    load = BaseHandler.load_middleware

    @wraps(load)
    def load_middleware(handler: BaseHandler, *args: Any, **kwargs: Any) -> None:
        complete()
        listed = list(settings.MIDDLEWARE)
        wanted = placed(listed, leave)
        if wanted != listed:
            settings.MIDDLEWARE = wanted
        load(handler, *args, **kwargs)

    replace(BaseHandler, "load_middleware", load_middleware)


def placed(listed: list[str], leave: Callable[[], None]) -> list[str]:
    """MIDDLEWARE as it must be.

    Args:
        listed: what the settings say.
        leave: see `place_middleware`.
    """
    if OFFICIAL in listed and not _instrumented_by_starter():
        leave()
        return listed
    found = [name for name in listed if name != OFFICIAL]
    position = _position(len(found))
    if not any(_is_ours(name) for name in found[: position + 1]):
        found.insert(position, OURS)
    return found


def _instrumented_by_starter() -> bool:
    """Whether `opentelemetry-instrument` or the Kubernetes operator has put OpenTelemetry's middleware there; it gives it no hooks."""
    return "opentelemetry.instrumentation.auto_instrumentation" in sys.modules


def _position(most: int) -> int:
    text = os.environ.get(_POSITION, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) <= most else 0


def _is_ours(name: str) -> bool:
    """Whether a name of MIDDLEWARE is that of the middleware, or of one derived from it, wherever it is imported from."""
    from django.utils.module_loading import import_string

    from .middleware import CorrelationIDMiddleware

    try:
        found = import_string(name)
    except ImportError:
        # Django says so itself.
        return False
    return isinstance(found, type) and issubclass(found, CorrelationIDMiddleware)

"""What the instrumentation of Django leaves to us: to see to it that its middleware is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

_undo: list[Callable[[], None]] = []


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

    _replace(BaseHandler, "load_middleware", load_middleware)


def _replace(owner: type, name: str, method: Callable[..., Any]) -> None:
    before = getattr(owner, name)
    setattr(owner, name, method)
    _undo.append(lambda: setattr(owner, name, before))


def undo() -> None:
    """Leave Django as it was."""
    while _undo:
        _undo.pop()()

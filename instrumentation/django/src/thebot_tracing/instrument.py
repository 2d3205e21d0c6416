"""The instrumentations, each used if its library is there, and what they leave to us: cache keys and hits, tasks' arguments and results."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, get_current_span

from .children_only import ChildrenOnlyProvider
from .replaced import replace, undo
from .settings import Settings

_logger = logging.getLogger(__name__)
_LONGEST_TEXT = 256
_HIDDEN = "[hidden]"
_SECRET_WORDS = ("password", "passwd", "secret", "token", "authorization", "api_key", "apikey", "credential", "cookie")

# Library, instrumentor's module, class.
_INSTRUMENTORS = {
    "django": ("django", "opentelemetry.instrumentation.django", "DjangoInstrumentor"),
    "psycopg2": ("psycopg2", "opentelemetry.instrumentation.psycopg2", "Psycopg2Instrumentor"),
    "psycopg": ("psycopg", "opentelemetry.instrumentation.psycopg", "PsycopgInstrumentor"),
    "celery": ("celery", "opentelemetry.instrumentation.celery", "CeleryInstrumentor"),
    "requests": ("requests", "opentelemetry.instrumentation.requests", "RequestsInstrumentor"),
    "redis": ("redis", "opentelemetry.instrumentation.redis", "RedisInstrumentor"),
    "httpx": ("httpx", "opentelemetry.instrumentation.httpx", "HTTPXClientInstrumentor"),
}


def instrument(settings: Settings) -> list[str]:
    """Instrument the libraries that are there; returns their names."""
    used = []
    for name, (library, module, instrumentor) in _INSTRUMENTORS.items():
        if name in settings.disabled_instrumentations or importlib.util.find_spec(library) is None:
            continue
        try:
            getattr(importlib.import_module(module), instrumentor)().instrument(**_options(name, settings))
        except ImportError as error:
            _logger.warning("%s is not instrumented: %s", name, error)
            continue
        used.append(name)
    return used


def uninstrument() -> None:
    """Undo it."""
    undo()
    for library, module, instrumentor in _INSTRUMENTORS.values():
        if importlib.util.find_spec(library) is not None:
            found = getattr(importlib.import_module(module), instrumentor)()
            if found.is_instrumented_by_opentelemetry:
                found.uninstrument()


def _options(name: str, settings: Settings) -> dict[str, Any]:
    if name == "django":
        # The sampler leaves requests out, with all they cause; the instrumentation would leave orphans.
        return {"excluded_urls": ""}
    if name == "redis":
        return {
            "tracer_provider": ChildrenOnlyProvider(trace.get_tracer_provider()),
            "request_hook": _cache_key if settings.record_cache_keys else None,
            "response_hook": _cache_hit,
        }
    return {}


def _cache_key(span: Span, _client: Any, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> None:
    """Record the first key of a command. A session's key opens the session, so it is hidden."""
    if len(args) > 1 and isinstance(args[1], (str, bytes)) and span.is_recording():
        key = args[1].decode(errors="replace") if isinstance(args[1], bytes) else args[1]
        span.set_attribute("cache.key", _HIDDEN if "session" in key.lower() else key[:_LONGEST_TEXT])


def _cache_hit(span: Span, _client: Any, response: Any) -> None:
    """Record whether a GET found something."""
    if span.is_recording() and getattr(span, "name", "") == "GET":
        span.set_attribute("cache.hit", response is not None)


def connect_celery(settings: Settings, hurry: Callable[[], None], flush: Callable[[], object]) -> None:
    """Listen to a worker's signals, after the instrumentation's own listeners.

    A pool process ends without Python's exit handlers, after `max_tasks_per_child` tasks too: its spans are flushed when it says so.
    One that is killed says nothing: so spans are sent at the end of each task, without waiting.

    Args:
        settings: whether arguments and results are recorded.
        hurry: begins to send what waits.
        flush: sends what waits.
    """
    from celery import signals

    end_failed_publications()
    signals.before_task_publish.connect(_note_publication, weak=False, dispatch_uid="thebot_tracing.publish")

    def before(task: Any = None, **_: Any) -> None:
        span = get_current_span()
        if settings.record_task_arguments and span.is_recording() and task is not None:
            span.set_attribute("celery.args", _short(getattr(task.request, "argsrepr", None) or task.request.args))
            span.set_attribute("celery.kwargs", _short(without_secrets(task.request.kwargs or {})))

    def success(result: Any = None, **_: Any) -> None:
        span = get_current_span()
        if settings.record_task_arguments and getattr(span, "kind", None) is SpanKind.CONSUMER:
            span.set_attribute("celery.result", _short(result))

    def after(**_: Any) -> None:
        hurry()

    def process_ends(**_: Any) -> None:
        flush()

    for signal, listener in (
        (signals.task_prerun, before),
        (signals.task_success, success),
        (signals.task_postrun, after),
        (signals.worker_process_shutdown, process_ends),
    ):
        signal.connect(listener, weak=False, dispatch_uid=f"thebot_tracing.{listener.__name__}")


_begun: ContextVar[list[tuple[Any, Any]] | None] = ContextVar("publications", default=None)


def _note_publication(**kwargs: Any) -> None:
    from opentelemetry.instrumentation.celery import utils

    begun = _begun.get()
    if begun is not None:
        begun.append((utils.retrieve_task_from_sender(kwargs), utils.retrieve_task_id_from_message(kwargs)))


def end_failed_publications() -> None:
    """End the span of a task that could not be published, and make the span above it the current one again.

    The instrumentation does both when Celery says that the task was published; where the broker is away it never says so, and all that
    follows would hang below a span that never ends.
    """
    from celery import Celery
    from opentelemetry.instrumentation.celery import utils

    send = Celery.send_task

    @functools.wraps(send)
    def send_task(app: Any, *args: Any, **kwargs: Any) -> Any:
        begun: list[tuple[Any, Any]] = []
        token = _begun.set(begun)
        try:
            return send(app, *args, **kwargs)
        except BaseException as error:
            for task, task_id in begun:
                found = utils.retrieve_context(task, task_id, is_publish=True)
                if found is not None:
                    utils.detach_context(task, task_id, is_publish=True)
                    # It records the error, as it would for a block.
                    found[1].__exit__(type(error), error, error.__traceback__)
            raise
        finally:
            _begun.reset(token)

    replace(Celery, "send_task", send_task)


def without_secrets(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name, with the values hidden whose names say that they are secret."""
    return {name: _HIDDEN if any(word in str(name).lower() for word in _SECRET_WORDS) else value for name, value in arguments.items()}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"

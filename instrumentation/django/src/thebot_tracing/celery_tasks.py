"""What the instrumentation of Celery lacks: arguments and results, the last spans of a worker, publications that fail, a quiet backend."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import SpanKind, get_current_span

from .redact import LONGEST_TEXT, without_secrets
from .replaced import replace
from .settings import Settings

_begun: ContextVar[list[tuple[Any, Any, Any]] | None] = ContextVar("publications", default=None)
_texts: ContextVar[Mapping[str, Any]] = ContextVar("texts of arguments", default=MappingProxyType({}))


def connect_celery(settings: Settings, hurry: Callable[[], None], flush: Callable[[], object], renew: Callable[[], None]) -> None:
    """Listen to a worker's signals, after the instrumentation's own listeners.

    A pool process ends without Python's exit handlers, after `max_tasks_per_child` tasks too: its spans are flushed when it says so.
    One that is killed says nothing: so spans are sent at the end of each task, without waiting.

    Args:
        settings: whether arguments and results are recorded.
        hurry: begins to send what waits.
        flush: sends what waits.
        renew: is called before each task.
    """
    from celery import signals

    end_publications()
    leave_result_backend_out()
    keep_texts_of_arguments()

    def before(task: Any = None, **_: Any) -> None:
        renew()
        span = get_current_span()
        if settings.record_task_arguments and span.is_recording() and task is not None:
            for name, empty in (("args", ()), ("kwargs", {})):
                text = _texts.get().get(f"{name}repr", task.request.get(f"{name}repr"))
                span.set_attribute(f"celery.{name}", _short((task.request.get(name) or empty) if text is None else text))

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


def leave_result_backend_out() -> None:
    """Make no spans of what Celery's Redis backend keeps of results.

    Each task would have a handful of cache commands that its code never asked for, some with an error that Celery itself handles.
    """
    try:
        from celery.backends.redis import RedisBackend
    except ImportError:
        return
    get_client = RedisBackend._get_client

    @functools.wraps(get_client)
    def untraced(backend: Any) -> Any:
        client = get_client(backend)

        class Untraced(client):  # type: ignore[misc, valid-type]
            def execute_command(self, *args: Any, **options: Any) -> Any:
                with suppress_instrumentation():
                    return super().execute_command(*args, **options)

            def pipeline(self, *args: Any, **options: Any) -> Any:
                found = super().pipeline(*args, **options)
                for name in ("execute", "immediate_execute_command"):
                    setattr(found, name, _suppressed(getattr(found, name)))
                return found

        return Untraced

    replace(RedisBackend, "_get_client", untraced)


def _suppressed(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def run(*args: Any, **options: Any) -> Any:
        with suppress_instrumentation():
            return method(*args, **options)

    return run


def keep_texts_of_arguments() -> None:
    """Keep the `argsrepr` and `kwargsrepr` of a task that runs where it is called: Celery hands them to workers only."""
    from celery import Task

    run = Task.apply

    @functools.wraps(run)
    def apply(task: Any, *args: Any, **kwargs: Any) -> Any:
        token = _texts.set({name: kwargs.get(name) for name in ("argsrepr", "kwargsrepr")})
        try:
            return run(task, *args, **kwargs)
        finally:
            _texts.reset(token)

    replace(Task, "apply", apply)


def end_publications() -> None:
    """End the span of a task that could not be published, and make the span above it the current one again.

    The instrumentation does both when Celery says that the task was published; where the broker is away it never says so, and all that
    follows would hang below a span that never ends. Of a task of another program it keeps nothing: its span would end before the
    publication, whatever came of that.
    """
    from celery import Celery
    from opentelemetry.instrumentation.celery import utils

    attach, send = utils.attach_context, Celery.send_task

    @functools.wraps(attach)
    def attach_context(task: Any, task_id: Any, span: Any, activation: Any, token: Any, is_publish: bool = False) -> None:
        begun = _begun.get()
        if is_publish and begun is not None:
            begun.append((task, task_id, activation))
        attach(task, task_id, span, activation, token, is_publish)

    @functools.wraps(send)
    def send_task(app: Any, *args: Any, **kwargs: Any) -> Any:
        begun: list[tuple[Any, Any, Any]] = []
        token = _begun.set(begun)
        try:
            sent = send(app, *args, **kwargs)
        except BaseException as error:
            for task, task_id, activation in begun:
                if task is None or utils.retrieve_context(task, task_id, is_publish=True) is not None:
                    utils.detach_context(task, task_id, is_publish=True)
                    # It records the error, as it would for a block.
                    activation.__exit__(type(error), error, error.__traceback__)
            raise
        else:
            for task, _, activation in begun:
                if task is None:
                    activation.__exit__(None, None, None)
            return sent
        finally:
            _begun.reset(token)

    replace(utils, "attach_context", attach_context)
    replace(Celery, "send_task", send_task)


def _short(value: Any) -> str:
    """The beginning of a value's text, without secrets."""
    text = value if isinstance(value, str) else repr(value)
    return without_secrets(text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…")

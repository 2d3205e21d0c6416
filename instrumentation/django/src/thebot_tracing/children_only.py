"""Tracers for the official instrumentations: cheaper blocks, and no spans for Redis commands that are Celery's own.

A Celery worker polls its broker, and each command would be a separate trace. The publication of a task is a span already, and its commands
would repeat it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider


class LightProvider(TracerProvider):
    """Another provider's tracers, whose `start_as_current_span` costs less: the SDK's uses two nested generators."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        """A tracer of the other provider, wrapped."""
        return LightTracer(self._provider.get_tracer(*args, **kwargs))


class LightTracer(Tracer):
    """A tracer of `LightProvider`."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(self, name: str, *args: Any, **kwargs: Any) -> Span:
        """A span of the wrapped tracer."""
        return self._tracer.start_span(name, *args, **kwargs)

    def start_as_current_span(  # type: ignore[override]
        self,
        name: str,
        *args: Any,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
        **kwargs: Any,
    ) -> AbstractContextManager[Span]:
        """A span that is the current one of a block."""
        options = {"record_exception": record_exception, "set_status_on_exception": set_status_on_exception}
        return _Block(self.start_span(name, *args, **options, **kwargs), record_exception, set_status_on_exception, end_on_exit)


class _Block(AbstractContextManager[Span]):
    """The block of a current span. It ends the span and records an exception, as `trace.use_span` does."""

    __slots__ = ("_end", "_record", "_set_status", "_span", "_token")

    def __init__(self, span: Span, record: bool, set_status: bool, end: bool) -> None:
        self._span, self._record, self._set_status, self._end = span, record, set_status, end

    def __enter__(self) -> Span:
        self._token = contexts.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None) -> None:
        span = self._span
        contexts.detach(self._token)
        try:
            if isinstance(error, Exception) and span.is_recording():
                if self._record:
                    span.record_exception(error)
                if self._set_status:
                    span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        finally:
            if self._end:
                span.end()


class ChildrenOnlyProvider(LightProvider):
    """Tracers of another provider that make no root spans and none below a publication."""

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        """A tracer of the other provider, held back."""
        return ChildrenOnlyTracer(self._provider.get_tracer(*args, **kwargs))


class ChildrenOnlyTracer(LightTracer):
    """A tracer that starts a span only below another one, other than a task's publication."""

    def start_span(self, name: str, context: Any = None, *args: Any, **kwargs: Any) -> Span:
        """A span; one that records nothing if there is no parent."""
        if _has_parent(context):
            return self._tracer.start_span(name, context, *args, **kwargs)
        return trace.INVALID_SPAN


def _has_parent(context: Any) -> bool:
    parent = trace.get_current_span(context)
    return parent.get_span_context().is_valid and not publishes_a_task(parent)


def publishes_a_task(span: Span) -> bool:
    """Whether a span is a task's publication."""
    # Celery's instrumentation marks it so.
    return getattr(span, "kind", None) is SpanKind.PRODUCER and getattr(span, "attributes", {}).get("celery.action") == "apply_async"

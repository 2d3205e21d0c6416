"""Redis commands that belong to something, and not Celery's own.

A worker polls its broker, and each command would be a trace of its own; a task's publication is a span already, and its commands would
say it once more.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Tracer, TracerProvider


class ChildrenOnlyProvider(TracerProvider):
    """Tracers of another provider, that make no root spans and none below a publication."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        """A tracer of the other provider, held back."""
        return ChildrenOnlyTracer(self._provider.get_tracer(*args, **kwargs))


class ChildrenOnlyTracer(Tracer):
    """A tracer that begins a span only where there is one to hang it on, other than a task's publication."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(self, name: str, context: Any = None, *args: Any, **kwargs: Any) -> Span:
        """A span; one that records nothing where there is no parent."""
        if _has_parent(context):
            return self._tracer.start_span(name, context, *args, **kwargs)
        return trace.INVALID_SPAN

    def start_as_current_span(  # type: ignore[override]
        self, name: str, context: Any = None, *args: Any, **kwargs: Any
    ) -> AbstractContextManager[Span]:
        """The same for a block."""
        if _has_parent(context):
            return self._tracer.start_as_current_span(name, context, *args, **kwargs)
        return trace.use_span(trace.INVALID_SPAN)


def _has_parent(context: Any) -> bool:
    parent = trace.get_current_span(context)
    return parent.get_span_context().is_valid and not publishes_a_task(parent)


def publishes_a_task(span: Span) -> bool:
    """Whether a span is a task's publication."""
    # Celery's instrumentation marks it so.
    return getattr(span, "kind", None) is SpanKind.PRODUCER and getattr(span, "attributes", {}).get("celery.action") == "apply_async"

"""Tracers for the official instrumentations that make no spans for Redis commands that are Celery's own.

A Celery worker polls its broker, and each command would be a separate trace. The publication of a task is a span already, and its commands
would repeat it.
"""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Tracer

from .light_tracer import LightProvider, LightTracer


class ChildrenOnlyProvider(LightProvider):
    """Tracers of another provider that make no root spans and none below a publication."""

    def _wrapped(self, tracer: Tracer) -> Tracer:
        return ChildrenOnlyTracer(tracer)


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

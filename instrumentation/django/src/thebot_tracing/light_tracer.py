"""Tracers for this package and the official instrumentations: their spans and blocks cost less than the SDK's."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import Any

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags, Tracer, TracerProvider
from opentelemetry.util.types import Attributes

from .light_spans import LightSpan


class LightProvider(TracerProvider):
    """Another provider's tracers, wrapped.

    Args:
        provider: the other one.
        is_own: whether this package made it. Its spans are then light ones. Spans of any other provider are its own: what it has been given
            beside processors, such as limits, is not public.
    """

    def __init__(self, provider: TracerProvider, is_own: bool = False) -> None:
        self._provider = provider
        # The SDK counts spans in a way of its own, where it is asked to.
        counts = os.environ.get("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "").strip().lower() == "true"
        self._limits = SpanLimits() if is_own and not counts else None

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Tracer:
        """A tracer of the other provider, wrapped."""
        tracer = self._provider.get_tracer(instrumenting_module_name, instrumenting_library_version, schema_url, attributes)
        if self._limits is None or not isinstance(tracer, SdkTracer):
            return self._wrapped(tracer)
        scope = InstrumentationScope(instrumenting_module_name, instrumenting_library_version or "", schema_url, attributes)
        return self._wrapped(_SpanMaker(tracer, scope, self._limits))

    def _wrapped(self, tracer: Tracer) -> Tracer:
        return tracer if isinstance(tracer, LightTracer) else LightTracer(tracer)


class LightTracer(Tracer):
    """A tracer of `LightProvider`. Its blocks need no generators: the SDK's `start_as_current_span` uses two, nested."""

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
        """A span that is the current one of a block, or of each call of a function that is decorated with it."""
        options = {**kwargs, "record_exception": record_exception, "set_status_on_exception": set_status_on_exception}
        return _Block(self.start_span, (name, *args), options, end_on_exit)


class _SpanMaker(LightTracer):
    """Starts light spans as a tracer of the SDK starts its own.

    Args:
        tracer: its sampler decides, and its processors get the spans.
        scope: of the tracer.
        limits: of the provider.
    """

    def __init__(self, tracer: SdkTracer, scope: InstrumentationScope, limits: SpanLimits) -> None:
        super().__init__(tracer)
        self._sdk = tracer
        self._scope = scope
        self._limits = limits
        self._follows = getattr(tracer.sampler, "follows", False) is True

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        """A light span; one of the SDK if it has links."""
        tracer = self._sdk
        if links:
            return tracer.start_span(name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception)
        parent: SpanContext | None = trace.get_current_span(context).get_span_context()
        ids = tracer.id_generator
        if parent is not None and parent.is_valid:
            trace_id, flags = parent.trace_id, parent.trace_flags
        else:
            parent, trace_id, flags = (
                None,
                ids.generate_trace_id(),
                TraceFlags(TraceFlags.RANDOM_TRACE_ID if ids.is_trace_id_random() else 0),
            )
        if parent is not None and self._follows and flags & TraceFlags.SAMPLED and not parent.is_remote:
            own = SpanContext(trace_id, ids.generate_span_id(), False, flags, parent.trace_state)
        else:
            found = tracer.sampler.should_sample(context, trace_id, name, kind, attributes, ())
            sampled = TraceFlags.SAMPLED if found.decision is Decision.RECORD_AND_SAMPLE else 0
            flags = TraceFlags((flags & TraceFlags.RANDOM_TRACE_ID) | sampled)
            own = SpanContext(trace_id, ids.generate_span_id(), False, flags, found.trace_state)
            if found.decision is Decision.DROP:
                return NonRecordingSpan(own)
            attributes = found.attributes
        span = LightSpan(tracer, self._scope, self._limits, name, own, parent, kind, start_time, record_exception, set_status_on_exception)
        if attributes:
            span.set_attributes(attributes)
        # Processors are made for the SDK's span; this one has what it has.
        tracer.span_processor.on_start(span, parent_context=context)  # type: ignore[arg-type]
        return span


class _Block(AbstractContextManager[Span]):
    """The block of a current span. It ends the span and records an exception, as `trace.use_span` does.

    Args:
        start: starts the span, as the block begins.
        args: of `start`.
        options: of `start`, by name.
        end: whether the span ends with the block.
    """

    __slots__ = ("_args", "_end", "_options", "_span", "_start", "_token")

    def __init__(self, start: Callable[..., Span], args: tuple[Any, ...], options: dict[str, Any], end: bool) -> None:
        self._start, self._args, self._options, self._end = start, args, options, end

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function, asynchronous or not: each call has a span of its own."""
        again = partial(_Block, self._start, self._args, self._options, self._end)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with again():
                    return await function(*args, **kwargs)

            return awaited

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with again():
                return function(*args, **kwargs)

        return called

    def __enter__(self) -> Span:
        span = self._span = self._start(*self._args, **self._options)
        self._token = contexts.attach(trace.set_span_in_context(span))
        return span

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None) -> None:
        span, options = self._span, self._options
        contexts.detach(self._token)
        try:
            if isinstance(error, Exception) and span.is_recording():
                if options["record_exception"]:
                    span.record_exception(error)
                if options["set_status_on_exception"]:
                    span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        finally:
            if self._end:
                span.end()

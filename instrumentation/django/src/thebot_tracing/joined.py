"""What the process has already: a provider of `opentelemetry-instrument`, of the Kubernetes operator, of Sentry, or of the application."""

from __future__ import annotations

import logging
from typing import NamedTuple

from opentelemetry import metrics, propagate, trace
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

from .propagation import CorrelationPropagator

_logger = logging.getLogger(__name__)


class Joined(NamedTuple):
    """A provider that was there first: None where there was none."""

    provider: trace.TracerProvider | None
    exports: bool
    """Whether it has an exporter: spans are not sent a second time."""


def joined_tracer_provider() -> Joined:
    """The global provider, where somebody has set one. What is joined is logged."""
    found = trace.get_tracer_provider()
    if isinstance(found, (trace.ProxyTracerProvider, trace.NoOpTracerProvider)):
        return Joined(None, False)
    exports = not isinstance(found, TracerProvider) or any(
        isinstance(processor, (BatchSpanProcessor, SimpleSpanProcessor)) for processor in found._active_span_processor._span_processors
    )
    _logger.warning(
        "a tracer provider is set already (%s.%s): its sampler decides%s",
        type(found).__module__,
        type(found).__qualname__,
        ", its exporter sends the spans" if exports else "",
    )
    return Joined(found, exports)


def joined_meter_provider() -> MeterProvider | None:
    """The global meter provider of the SDK, where somebody has set one: its reader sends the metrics."""
    found = metrics.get_meter_provider()
    return found if isinstance(found, MeterProvider) else None


def joined_textmap() -> TextMapPropagator | None:
    """The propagator that somebody has set in place of OpenTelemetry's default, such as Sentry's."""
    found = propagate.get_global_textmap()
    return None if isinstance(found, (CompositePropagator, CorrelationPropagator)) else found

"""Putting it together, once per process tree: gunicorn (with preload or without), uWSGI, Celery and runserver all fork or reload."""

from __future__ import annotations

import atexit
import importlib.util
import logging
import multiprocessing.util
import threading
import time
from functools import partial
from typing import Any

from opentelemetry import metrics, propagate, trace
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import Tracer

from . import logs
from .celery_tasks import connect_celery
from .channels_consumers import trace_channels
from .commands import trace_commands
from .correlation import CorrelationIDSpanProcessor
from .encode import EncodedSpanExporter
from .export import SpanDelivery
from .instrument import instrument
from .joined import joined_meter_provider, joined_textmap, joined_tracer_provider
from .light_tracer import LightProvider
from .make_sampler import BUILT_IN, make_sampler
from .metric_exporter import MetricExporter
from .metric_reader import ForkSafeMetricReader
from .metric_views import views
from .placement import place_middleware
from .propagation import CorrelationPropagator
from .queries import Queries
from .request_spans import RequestSpans, use
from .sampler import LeaveOutSampler
from .session import ExportSession
from .settings import Settings, load_settings, own_settings
from .uwsgi_options import warn_of_uwsgi

_logger = logging.getLogger(__name__)
_lock = threading.Lock()
_state: dict[str, Any] = {}
NOT_HEARD = (
    "init_tracing() was called before Django's settings were complete, so tracing goes without these: %s; "
    "call it at the end of the module that DJANGO_SETTINGS_MODULE names"
)


def init_tracing(settings: Settings | None = None) -> TracerProvider | None:
    """Set tracing up: resource, sampler, delivery, propagators, instrumentations.

    It may be called at the end of Django's settings, or from `AppConfig.ready`; a second call does nothing. Forked children need none.

    Args:
        settings: Default: of the environment and Django's settings.

    Returns:
        The provider; None where OTEL_SDK_DISABLED says so.

    Raises:
        SettingsError: the settings are wrong; nothing was changed.
    """
    with _lock:
        if "provider" not in _state:
            found = settings or load_settings()
            sampler = make_sampler(found)
            _state["heard"] = own_settings() if settings is None else None
            _state["provider"] = _start(found, sampler)
        provider: TracerProvider | None = _state["provider"]
        return provider


def _start(settings: Settings, sampler: Sampler) -> TracerProvider | None:
    propagate.set_global_textmap(CorrelationPropagator(settings.propagators, joined_textmap()))
    if settings.disabled:
        return None
    warn_of_uwsgi()
    joined = joined_tracer_provider()
    provider = joined.provider or TracerProvider(
        resource=make_resource(settings),
        sampler=LeaveOutSampler(sampler, settings.left_out, follows=settings.sampler in BUILT_IN),
        shutdown_on_exit=False,
    )
    if isinstance(provider, TracerProvider):
        provider.add_span_processor(CorrelationIDSpanProcessor())
        if settings.export_traces and not joined.exports:
            _state["delivery"] = _delivery(settings)
            provider.add_span_processor(_state["delivery"])
    if joined.provider is None:
        trace.set_tracer_provider(provider)
    if not joined.exports:
        for warning in settings.warnings:
            _logger.warning(warning)
    _finish_at_the_end(settings)
    if settings.export_logs:
        _state["logs"] = logs.LogDelivery(make_resource(settings), settings.log_timeout)
        logs.use(_state["logs"])
    tracers = _state["tracers"] = LightProvider(provider, is_own=joined.provider is None)
    instrumented = _state["instrumented"] = instrument(settings, is_own=joined.provider is None)
    if "django" not in settings.disabled_instrumentations:
        instrumented.insert(0, "django")
        # Our sampler leaves requests out, with all that they cause. Another provider's does not: they go by the environment's list there.
        excluded = settings.left_out_urls if joined.provider else ()
        use(RequestSpans(settings.conventions, tracers, excluded=excluded, renew=_renew))
        place_middleware(partial(_complete, settings), leave=lambda: use(None))
        trace_commands(settings.commands)
        Queries(
            settings.database_conventions, settings.peer_conventions, settings.sanitize_queries, settings.disabled_instrumentations, tracers
        ).connect()
    if "celery" in instrumented and importlib.util.find_spec("celery") is not None:
        connect_celery(settings, hurry, finish, _renew)
    return provider if isinstance(provider, TracerProvider) else None


def _delivery(settings: Settings) -> SpanDelivery:
    return SpanDelivery(
        lambda session: EncodedSpanExporter(session=session, timeout=settings.export_timeout),
        queue_size=settings.queue_size,
        batch_size=settings.batch_size,
        largest_request=settings.largest_request,
        delay=settings.delay,
        exit_timeout=settings.exit_timeout,
    )


def setup_metrics(settings: Settings | None = None) -> MeterProvider | None:
    """Send metrics to the Collector, every OTEL_METRIC_EXPORT_INTERVAL milliseconds (60000): durations of requests, and one's own.

    Returns:
        The provider, or the one that was there before; None where OTEL_SDK_DISABLED or OTEL_METRICS_EXPORTER=none says so.

    Raises:
        SettingsError: the settings are wrong; nothing was changed.
    """
    with _lock:
        if "meter_provider" not in _state:
            found = settings or load_settings()
            provider = None if found.disabled else joined_meter_provider()
            if provider is None and not found.disabled and found.export_metrics:
                exporter = MetricExporter(session=ExportSession(), timeout=found.metric_timeout)
                reader = _state["reader"] = ForkSafeMetricReader(exporter, found.metric_interval, found.exit_timeout)
                provider = MeterProvider(metric_readers=[reader], resource=make_resource(found), shutdown_on_exit=False, views=views())
                metrics.set_meter_provider(provider)
                _finish_at_the_end(found)
            _state["meter_provider"] = provider
        meter_provider: MeterProvider | None = _state["meter_provider"]
        return meter_provider


def get_tracer(name: str) -> Tracer:
    """A tracer for spans of one's own; `name` is the module's."""
    tracers: LightProvider | None = _state.get("tracers")
    return trace.get_tracer(name) if tracers is None else tracers.get_tracer(name)


def get_meter(name: str) -> Meter:
    """A meter for metrics of one's own; `name` is the module's."""
    return metrics.get_meter(name)


def is_initialised() -> bool:
    """Whether `init_tracing` was called in this process."""
    return "provider" in _state


def not_heard() -> list[str]:
    """What Django's settings say of tracing, and did not say yet when tracing was set up."""
    heard = _state.get("heard")
    return [] if heard is None else sorted(own_settings() - heard)


def _complete(settings: Settings) -> None:
    """What has to wait until Django's settings are complete."""
    _tell_what_was_not_heard()
    if "channels" not in _state and "channels" not in settings.disabled_instrumentations and importlib.util.find_spec("channels"):
        _state["channels"] = True
        try:
            trace_channels(settings.conventions)
        except Exception:
            _logger.exception("channels is not instrumented")


def _tell_what_was_not_heard() -> None:
    missed = not_heard()
    if missed and "told" not in _state:
        _state["told"] = True
        _logger.error(NOT_HEARD, ", ".join(missed))


def instrumented() -> list[str]:
    """Names of the libraries that are instrumented."""
    return list(_state.get("instrumented", ()))


def delivery() -> SpanDelivery | None:
    """What brings the spans to the Collector; None where none is sent."""
    return _state.get("delivery")


def hurry() -> None:
    """Begin to send what waits."""
    if "delivery" in _state:
        _state["delivery"].hurry()


def _renew() -> None:
    """What runs beside requests and tasks goes on in this process, with these threads."""
    if "reader" in _state:
        _state["reader"].renew()


def finish() -> None:
    """Send what waits, as a process ends: spans and metrics together, at most for the exit timeout. What ends later is dropped.

    Python's exit handlers do it too; a process that ends by a signal, or without them, calls it.
    """
    until = time.monotonic() + _state.get("exit_timeout", 0.0)
    if "delivery" in _state:
        _state["delivery"].shutdown()
    if "reader" in _state:
        _state["reader"].shutdown(max(0.0, until - time.monotonic()) * 1000)
    if "logs" in _state:
        _state["logs"].shutdown(max(0.0, until - time.monotonic()))


def _finish_at_the_end(settings: Settings) -> None:
    """Make the process finish when it ends, and its children of `multiprocessing`, which end without Python's exit handlers."""
    if "exit_timeout" not in _state:
        _state["exit_timeout"] = settings.exit_timeout
        atexit.register(finish)
        _finish_with_multiprocessing()
        multiprocessing.util.register_after_fork(finish, _finish_with_multiprocessing)


def _finish_with_multiprocessing(_registered: object = None) -> None:
    multiprocessing.util.Finalize(None, finish, exitpriority=0)


def make_resource(settings: Settings) -> Resource:
    """Name, version and environment of the service; the instance's id is the SDK's, anew in each forked process."""
    described = {"service.name": settings.service_name, "deployment.environment.name": settings.environment}
    if settings.service_version:
        described["service.version"] = settings.service_version
    # What OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say wins.
    return Resource.create({**described, **OTELResourceDetector().detect().attributes})

"""Putting it together, once per process tree: gunicorn (with preload or without), uWSGI, Celery and runserver all fork or reload."""

from __future__ import annotations

import importlib.util
import logging
import multiprocessing.util
import threading
from typing import Any

from opentelemetry import metrics, propagate, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBased,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import Tracer
from opentelemetry.util._importlib_metadata import entry_points

from .celery_tasks import connect_celery
from .correlation import CorrelationIDSpanProcessor
from .django_requests import mend_middleware, place_middleware
from .encode import EncodedSpanExporter
from .export import SpanDelivery
from .instrument import instrument
from .metric_reader import ForkSafeMetricReader
from .propagation import CorrelationPropagator
from .remote import JaegerRemoteSampler, parse_argument
from .rules import Rules
from .sampler import EnvironmentBasedSampler, LeaveOutSampler
from .session import ExportSession
from .settings import Settings, SettingsError, load_settings, own_settings
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
    propagate.set_global_textmap(CorrelationPropagator(settings.propagators))
    if settings.disabled:
        return None
    warn_of_uwsgi()
    # A provider of the application's own stays: then nothing is made here but what hangs on it.
    own = trace.get_tracer_provider()
    provider = (
        own
        if isinstance(own, TracerProvider)
        else TracerProvider(resource=make_resource(settings), sampler=LeaveOutSampler(sampler, settings.left_out))
    )
    provider.add_span_processor(CorrelationIDSpanProcessor())
    if settings.export_traces:
        delivery = SpanDelivery(
            lambda session: EncodedSpanExporter(session=session),
            queue_size=settings.queue_size,
            batch_size=settings.batch_size,
            delay=settings.delay,
            exit_timeout=settings.exit_timeout,
        )
        provider.add_span_processor(delivery)
        _state["delivery"] = delivery
    if provider is not own:
        trace.set_tracer_provider(provider)
    _finish_with_the_process()
    multiprocessing.util.register_after_fork(finish, _finish_with_the_process)
    _state["instrumented"] = instrument(settings, leaves_out=provider is not own)
    if "django" in _state["instrumented"]:
        place_middleware(_tell_what_was_not_heard)
        mend_middleware()
    if "celery" in _state["instrumented"] and importlib.util.find_spec("celery") is not None:
        connect_celery(settings, _hurry, finish)
    return provider


def setup_metrics(settings: Settings | None = None) -> MeterProvider | None:
    """Send metrics to the Collector, every OTEL_METRIC_EXPORT_INTERVAL milliseconds (60000): durations of requests, and one's own.

    Returns:
        The provider; None where OTEL_SDK_DISABLED or OTEL_METRICS_EXPORTER=none says so.

    Raises:
        SettingsError: the settings are wrong; nothing was changed.
    """
    with _lock:
        if "meter_provider" not in _state:
            found = settings or load_settings()
            provider = None
            if not found.disabled and found.export_metrics:
                exporter = OTLPMetricExporter(session=ExportSession())
                reader = ForkSafeMetricReader(exporter, found.metric_interval, found.exit_timeout)
                provider = MeterProvider(metric_readers=[reader], resource=make_resource(found))
                metrics.set_meter_provider(provider)
            _state["meter_provider"] = provider
        meter_provider: MeterProvider | None = _state["meter_provider"]
        return meter_provider


def get_tracer(name: str) -> Tracer:
    """A tracer for spans of one's own; `name` is the module's."""
    return trace.get_tracer(name)


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


def _hurry() -> None:
    if "delivery" in _state:
        _state["delivery"].hurry()


def finish() -> None:
    """Send what waits, as a process ends: at most for the exit timeout, and a second more for metrics. What ends later is dropped.

    Python's exit handlers do it too; a process that ends by a signal, or without them, calls it.
    """
    if "delivery" in _state:
        _state["delivery"].shutdown()
    if _state.get("meter_provider") is not None:
        _state["meter_provider"].force_flush(1000)


def _finish_with_the_process(_registered: object = None) -> None:
    """See to it that a child of `multiprocessing` finishes: it ends without Python's exit handlers."""
    multiprocessing.util.Finalize(None, finish, exitpriority=0)


def make_resource(settings: Settings) -> Resource:
    """Name, version and environment of the service; the instance's id is the SDK's, anew in each forked process."""
    described = {"service.name": settings.service_name, "deployment.environment.name": settings.environment}
    if settings.service_version:
        described["service.version"] = settings.service_version
    # What OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say wins.
    return Resource.create({**described, **OTELResourceDetector().detect().attributes})


def make_sampler(settings: Settings) -> Sampler:
    """The sampler of OTEL_TRACES_SAMPLER; without it everything is kept, and the Collector decides.

    Raises:
        SettingsError: there is none such, or its argument is wrong.
    """
    name, argument = settings.sampler, settings.sampler_argument
    fixed = {
        "always_on": ALWAYS_ON,
        "always_off": ALWAYS_OFF,
        "parentbased_always_on": DEFAULT_ON,
        "parentbased_always_off": DEFAULT_OFF,
    }
    if name in fixed:
        return fixed[name]
    if name in ("traceidratio", "parentbased_traceidratio"):
        return _ratio(name, argument)
    if name == "environment":
        try:
            return EnvironmentBasedSampler(settings.environment, settings.sample_percentage, settings.rules or Rules())
        except ValueError as error:
            raise SettingsError([str(error)]) from None
    if name in ("jaeger_remote", "parentbased_jaeger_remote"):
        found, errors = parse_argument(argument)
        if errors:
            raise SettingsError(errors)
        remote = JaegerRemoteSampler(service=settings.service_name, rules=settings.rules, **found)
        return remote if name == "jaeger_remote" else ParentBased(remote)
    registered = next(iter(entry_points(group="opentelemetry_traces_sampler", name=name)), None)
    if registered is None:
        allowed = (
            *fixed,
            "traceidratio",
            "parentbased_traceidratio",
            "environment",
            "jaeger_remote",
            "parentbased_jaeger_remote",
        )
        raise SettingsError([f"OTEL_TRACES_SAMPLER: found {name!r}; allowed is {', '.join(allowed)}"])
    sampler: Sampler = registered.load()(argument)
    return sampler


def _ratio(name: str, argument: str | None) -> Sampler:
    try:
        rate = float(argument or "1")
        return (TraceIdRatioBased if name == "traceidratio" else ParentBasedTraceIdRatio)(rate)
    except ValueError:
        raise SettingsError([f"OTEL_TRACES_SAMPLER_ARG: found {argument!r}; allowed is 0 to 1"]) from None

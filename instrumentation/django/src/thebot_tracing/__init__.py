"""OpenTelemetry traces, metrics and correlation ids for a Django service and its Celery tasks."""

from .bootstrap import get_meter, get_tracer, init_tracing, setup_metrics
from .correlation import CorrelationIDLoggingFilter, correlation_id, get_correlation_id, set_correlation_id
from .logs import OTLPLogHandler
from .sampler import EnvironmentBasedSampler
from .settings import Settings, SettingsError, load_settings
from .structured import add_tracing

__all__ = [
    "CorrelationIDLoggingFilter",
    "EnvironmentBasedSampler",
    "OTLPLogHandler",
    "Settings",
    "SettingsError",
    "add_tracing",
    "correlation_id",
    "get_correlation_id",
    "get_meter",
    "get_tracer",
    "init_tracing",
    "load_settings",
    "set_correlation_id",
    "setup_metrics",
]

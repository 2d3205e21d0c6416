"""The sampler that OTEL_TRACES_SAMPLER names."""

from __future__ import annotations

import logging

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
from opentelemetry.util._importlib_metadata import entry_points

from .remote import JaegerRemoteSampler, parse_argument
from .rules import Rules
from .sampler import EnvironmentBasedSampler
from .settings import Settings, SettingsError

_logger = logging.getLogger(__name__)
_FIXED = {
    "always_on": ALWAYS_ON,
    "always_off": ALWAYS_OFF,
    "parentbased_always_on": DEFAULT_ON,
    "parentbased_always_off": DEFAULT_OFF,
}
BUILT_IN = (*_FIXED, "traceidratio", "parentbased_traceidratio", "environment", "jaeger_remote", "parentbased_jaeger_remote")
"""Samplers that need no other package. Each keeps what is below a span of this process that it has kept."""


def make_sampler(settings: Settings) -> Sampler:
    """The sampler of OTEL_TRACES_SAMPLER; without it everything is kept, and the Collector decides. So it is where none has that name.

    Raises:
        SettingsError: its argument is wrong.
    """
    name, argument = settings.sampler, settings.sampler_argument
    if name in _FIXED:
        return _FIXED[name]
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
        _logger.warning("OTEL_TRACES_SAMPLER: %r is not installed; everything is kept; known are %s", name, ", ".join(BUILT_IN))
        return ALWAYS_ON
    sampler: Sampler = registered.load()(argument)
    return sampler


def _ratio(name: str, argument: str | None) -> Sampler:
    try:
        rate = float(argument or "1")
        return (TraceIdRatioBased if name == "traceidratio" else ParentBasedTraceIdRatio)(rate)
    except ValueError:
        raise SettingsError([f"OTEL_TRACES_SAMPLER_ARG: found {argument!r}; allowed is 0 to 1"]) from None

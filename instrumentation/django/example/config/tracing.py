"""Tracing of this project: what the rest of it imports."""

from thebot_tracing import (
    EnvironmentBasedSampler,
    get_meter,
    get_tracer,
    init_tracing,
    set_correlation_id,
    setup_metrics,
)

__all__ = ["EnvironmentBasedSampler", "get_meter", "get_tracer", "init_tracing", "set_correlation_id", "setup_metrics"]

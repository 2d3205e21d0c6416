"""Bounds for what a client can write into the metrics of requests."""

from __future__ import annotations

from opentelemetry.sdk.metrics.view import View

# All that requests are measured by, but the names of hosts: any client may send any name, and each would be a time series for ever.
_KEPT = {
    "http.method", "http.scheme", "http.status_code", "http.flavor", "http.target", "net.host.port",
    "http.request.method", "http.response.status_code", "http.route", "url.scheme", "error.type", "network.protocol.version",
}  # fmt: skip


def views() -> list[View]:
    """Views of the meter provider."""
    return [View(instrument_name="http.server.*", attribute_keys=_KEPT)]

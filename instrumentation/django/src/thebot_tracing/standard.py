"""The standard OTEL_* variables that say what is exported, where to, how often, and what is instrumented.

They are often set for a whole fleet. One that this package does not serve is a warning; a value that nothing could follow is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from opentelemetry.util._importlib_metadata import entry_points

DEFAULT_PROPAGATORS = ("jaeger", "b3multi", "b3", "tracecontext", "baggage")
"""If a request carries several contexts, the last of these wins: W3C's."""
INSTRUMENTATIONS = ("django", "psycopg2", "psycopg", "mysql", "sqlite3", "channels", "celery", "requests", "redis", "httpx")
_SIGNALS = ("TRACES_", "METRICS_", "")
# Milliseconds. A shorter time is no timeout for a request: it was meant as seconds, as Python's exporter reads it.
_SHORTEST_TIMEOUT, _DEFAULT_TIMEOUT = 100, 10_000


class StandardVariables:
    """Reads them from an environment.

    Args:
        environ: the environment.
        errors: texts about wrong values are added here.
        warnings: texts about values that are valid and not served are added here.
    """

    def __init__(self, environ: Mapping[str, str], errors: list[str], warnings: list[str]) -> None:
        self._environ = environ
        self._errors = errors
        self._warnings = warnings

    def _get(self, name: str) -> str:
        """A value; the specification takes an empty one for none."""
        return self._environ.get(name, "").strip()

    def _warn(self, text: str) -> None:
        # A variable of both signals is read for each.
        if text not in self._warnings:
            self._warnings.append(text)

    def _list(self, name: str) -> list[str]:
        return [part.strip() for part in self._get(name).split(",") if part.strip()]

    def is_exported(self, signal: str, default: bool = True) -> bool:
        """Whether a signal, such as TRACES, goes to the Collector: by OTEL_TRACES_EXPORTER, and where nothing else is in the way."""
        name = f"OTEL_{signal}_EXPORTER"
        found = [part.lower() for part in self._list(name)]
        others = [part for part in found if part not in ("otlp", "none")]
        if others:
            what = "they go to the Collector only" if "otlp" in found else "nothing is sent"
            self._warnings.append(f"{name}: {', '.join(others)} is not served, only otlp and none; of {signal.lower()} {what}")
        exported = "otlp" in found if found else default
        return self._can_be_reached(f"{signal}_") and exported

    def _can_be_reached(self, signal: str) -> bool:
        """Check the endpoint. gRPC allows one without a scheme; HTTP, which is used, cannot send to it."""
        name = next((n for n in self._names("ENDPOINT", signal) if self._get(n)), None)
        if name is None or is_address(self._get(name)):
            return True
        text = f"{name}: found {self._get(name)!r}; allowed is http://host:port or https://host:port"
        if any(self._get(n) == "grpc" for n in self._names("PROTOCOL", signal)) and "://" not in self._get(name):
            self._warn(f"{text}; nothing is sent")
        elif text not in self._errors:
            self._errors.append(text)
        return False

    @staticmethod
    def _names(what: str, signal: str) -> tuple[str, str]:
        return f"OTEL_EXPORTER_OTLP_{signal}{what}", f"OTEL_EXPORTER_OTLP_{what}"

    def protocol(self) -> None:
        """Warn of another protocol: gRPC does not survive a fork."""
        for signal in _SIGNALS:
            name = f"OTEL_EXPORTER_OTLP_{signal}PROTOCOL"
            if self._get(name) not in ("", "http/protobuf"):
                self._warnings.append(
                    f"{name}: {self._get(name)} is not served; spans and metrics go by http/protobuf: the endpoint must be the Collector's "
                    "HTTP port, 4318"
                )

    def certificates(self) -> None:
        """Warn of files for TLS that cannot be read, and of a key without its certificate.

        Never an error: they may appear later, and each export reads them anew.
        """
        for signal in (*_SIGNALS, "LOGS_"):
            for what in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"):
                name = f"OTEL_EXPORTER_OTLP_{signal}{what}"
                if (path := self._get(name)) and not _is_readable(path):
                    self._warn(f"{name}: found {path!r}; allowed is a readable PEM file; nothing is sent by https without it")
            key, certificate = (f"OTEL_EXPORTER_OTLP_{signal}CLIENT_{what}" for what in ("KEY", "CERTIFICATE"))
            if self._get(key) and not (self._get(certificate) or self._get("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")):
                self._warn(f"{key}: found a key without {certificate}; it is not used")

    def timeout(self, signal: str) -> float:
        """Seconds that one export may take. The specification counts milliseconds."""
        name = next((n for n in self._names("TIMEOUT", signal) if self._get(n)), None)
        if name is None:
            return _DEFAULT_TIMEOUT / 1000
        text = self._get(name)
        if text.isascii() and text.isdigit() and int(text) < _SHORTEST_TIMEOUT:
            self._warn(f"{name}: found {text}, which is milliseconds; at least {_SHORTEST_TIMEOUT} is served; 10 s are used")
            return _DEFAULT_TIMEOUT / 1000
        return self.number(name, _DEFAULT_TIMEOUT, _SHORTEST_TIMEOUT, 3_600_000) / 1000

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number between two others."""
        text = self._get(name)
        if not text:
            return default
        if text.isascii() and text.isdigit() and lowest <= int(text) <= highest:
            return int(text)
        self._errors.append(f"{name}: found {text!r}; allowed is {lowest} to {highest}")
        return default

    def propagators(self) -> tuple[str, ...]:
        """OTEL_PROPAGATORS; names that no installed package knows are left out."""
        found = self._list("OTEL_PROPAGATORS")
        if not found:
            return DEFAULT_PROPAGATORS
        if "none" in found:
            return ()
        unknown = [name for name in found if not (name in DEFAULT_PROPAGATORS or entry_points(group="opentelemetry_propagator", name=name))]
        if unknown:
            self._warnings.append(f"OTEL_PROPAGATORS: {', '.join(unknown)} is not installed, and left out")
        return tuple(name for name in found if name not in unknown)

    def disabled_instrumentations(self) -> frozenset[str] | None:
        """OTEL_PYTHON_DISABLED_INSTRUMENTATIONS, of those that are used here; None where it is not set."""
        found = self._list("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS")
        if not found:
            return None
        # As OpenTelemetry's own starter takes it; it also ignores names that it does not know.
        return frozenset(INSTRUMENTATIONS if "*" in found else set(found) & set(INSTRUMENTATIONS))


def _is_readable(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return file.read(1) != b""
    except (OSError, ValueError):
        return False


def is_address(text: str) -> bool:
    """Whether a text is an http or https URL."""
    try:
        address = urlsplit(text)
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        return False

"""Settings: standard OTEL_* variables first, then the TRACING_* ones that the stack hands out, then Django's `TRACING`, then defaults.

Wrong values are reported all at once, before anything is changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from . import token
from .conventions import Conventions, database_conventions, parse_conventions
from .operations import parse_path
from .rules import Rules, parse_rules, percentage
from .standard import DEFAULT_PROPAGATORS, INSTRUMENTATIONS, StandardVariables

__all__ = ["DEFAULT_PROPAGATORS", "INSTRUMENTATIONS", "Settings", "SettingsError", "load_settings", "own_settings"]

DEFAULT_SERVICE = "thebot-platform"
DEFAULT_LEFT_OUT = ("/admin/**", "/health/**", "/healthz", "/healthcheck")
"""Paths left out beside those of STATIC_URL and MEDIA_URL, as patterns of the sampling rules."""

_KEYS = {
    "SERVICE_NAME", "SERVICE_VERSION", "ENVIRONMENT", "LEFT_OUT_PATHS", "RECORD_TASK_ARGUMENTS", "RECORD_CACHE_KEYS",
    "SANITIZE_QUERIES",
    "DISABLED_INSTRUMENTATIONS", "COMMANDS",
}  # fmt: skip


class SettingsError(ValueError):
    """The settings are wrong. `errors` has one text each: the key, what was found, what is allowed."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("tracing settings:\n" + "\n".join(f"  {error}" for error in errors))
        self.errors = errors


@dataclass(frozen=True)
class Settings:
    """What an application's tracing runs with."""

    service_name: str
    service_version: str | None
    environment: str
    sampler: str
    """As OTEL_TRACES_SAMPLER names them, or `environment`."""
    sampler_argument: str | None
    sample_percentage: float | None
    rules: Rules | None
    left_out_paths: tuple[re.Pattern[str], ...]
    left_out_urls: tuple[re.Pattern[str], ...]
    """Regular expressions of OTEL_PYTHON_DJANGO_EXCLUDED_URLS; where it is set, `left_out_paths` is empty."""
    conventions: Conventions
    """Which attributes and metrics a request has."""
    propagators: tuple[str, ...]
    queue_size: int
    """Spans that wait for the Collector, at most."""
    batch_size: int
    largest_request: int
    """Bytes of one export of spans, at most."""
    delay: float
    """Longest wait of a span for its batch, in seconds."""
    export_timeout: float
    """Longest time of one request to the Collector, in seconds."""
    exit_timeout: float
    """Longest wait for the Collector when a process ends, in seconds, for spans and metrics together."""
    metric_interval: float
    """Time between two exports of metrics, in seconds."""
    metric_timeout: float
    """Longest time of one export of metrics, in seconds."""
    export_traces: bool
    export_metrics: bool
    export_logs: bool
    """Whether `OTLPLogHandler` sends."""
    log_timeout: float
    """Longest time of one export of log records, in seconds."""
    disabled: bool
    """OTEL_SDK_DISABLED: no span is made, no metric, no thread; correlation ids work."""
    record_task_arguments: bool
    record_cache_keys: bool
    sanitize_queries: bool
    """Whether literals are left out of the statements of Django's queries."""
    database_conventions: Conventions
    """Which attributes the queries of Django's connections have."""
    peer_conventions: Conventions
    """Which attributes of a database's address they have."""
    disabled_instrumentations: frozenset[str]
    commands: bool | frozenset[str]
    """Which management commands have a span: none, all but servers and shells, or those named."""
    warnings: tuple[str, ...]
    """What is set and not served."""

    def left_out(self, method: str, path: str, url: str) -> bool:
        """Whether a request is left out: by the rules where they name it, else by its path."""
        if any(pattern.search(url) for pattern in self.left_out_urls):
            return True
        rule = self.rules.rule(method, path) if self.rules else None
        if rule is not None:
            return rule.percent == 0
        return any(pattern.fullmatch(path) for pattern in self.left_out_paths)


def load_settings(environ: Mapping[str, str] | None = None, django: Any = None) -> Settings:
    """Read and check the settings.

    Args:
        environ: the environment. Default: the process's own.
        django: Django's settings. Default: `django.conf.settings` where they are configured.

    Raises:
        SettingsError: with all errors.
    """
    if django is None:
        django = _django_settings()
    return _Reader(os.environ if environ is None else environ, django).read()


def _django_settings() -> Any:
    from django.conf import settings

    return settings if settings.configured or os.environ.get("DJANGO_SETTINGS_MODULE") else object()


def own_settings() -> frozenset[str]:
    """Which of the Django settings that are read here are set by now."""
    found = _django_settings()
    names = ("TRACING", "ENVIRONMENT", "STATIC_URL", "MEDIA_URL")
    return frozenset(name for name in names if found.is_overridden(name)) if hasattr(found, "is_overridden") else frozenset()


class _Reader:
    def __init__(self, environ: Mapping[str, str], django: Any) -> None:
        self.environ = environ
        self.django = django
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self.standard = StandardVariables(environ, self.errors, self.warnings)
        own = getattr(django, "TRACING", {})
        if not isinstance(own, Mapping):
            self.errors.append(f"TRACING: found {own!r}; allowed is a dict")
            own = {}
        self.own: Mapping[str, Any] = own
        self.errors += [f"TRACING[{key!r}]: unknown; allowed is {', '.join(sorted(_KEYS))}" for key in own if key not in _KEYS]

    def read(self) -> Settings:
        resource = self._resource_attributes()
        rules = self._rules()
        urls = self._left_out_urls()
        sample_percentage = self._sample_percentage()
        sampler = self.environ.get("OTEL_TRACES_SAMPLER") or ("always_on" if sample_percentage is None else "environment")
        standard = self.standard
        standard.protocol()
        standard.certificates()
        token_file = self.environ.get(token.VARIABLE)
        if token_file and token.read(token_file) is None:
            self.errors.append(f"{token.VARIABLE}: found {token_file!r}; allowed is a readable file with a bearer token (RFC 6750)")
        opt_in = self.environ.get("OTEL_SEMCONV_STABILITY_OPT_IN", "")
        queue_size = standard.number("OTEL_BSP_MAX_QUEUE_SIZE", 10_000, 1, 1_000_000)
        settings = Settings(
            service_name=self.environ.get("OTEL_SERVICE_NAME")
            or resource.get("service.name")
            or self._text("SERVICE_NAME")
            or DEFAULT_SERVICE,
            service_version=resource.get("service.version") or self._text("SERVICE_VERSION"),
            environment=resource.get("deployment.environment.name")
            or resource.get("deployment.environment")
            or self._text("ENVIRONMENT")
            or getattr(self.django, "ENVIRONMENT", None)
            or "development",
            sampler=sampler.strip().lower(),
            sampler_argument=self.environ.get("OTEL_TRACES_SAMPLER_ARG"),
            sample_percentage=sample_percentage,
            rules=rules,
            left_out_paths=() if urls is not None else self._left_out_paths(),
            left_out_urls=urls or (),
            conventions=parse_conventions(opt_in),
            propagators=standard.propagators(),
            queue_size=queue_size,
            batch_size=standard.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", min(512, queue_size), 1, 100_000),
            largest_request=standard.number("TRACING_MAX_REQUEST_BYTES", 4 << 20, 64 << 10, 64 << 20),
            delay=standard.number("OTEL_BSP_SCHEDULE_DELAY", 1000, 1, 3_600_000) / 1000,
            export_timeout=standard.timeout("TRACES_"),
            exit_timeout=standard.number("OTEL_BSP_EXPORT_TIMEOUT", 5000, 0, 3_600_000) / 1000,
            metric_interval=standard.number("OTEL_METRIC_EXPORT_INTERVAL", 60_000, 100, 86_400_000) / 1000,
            metric_timeout=standard.timeout("METRICS_"),
            export_traces=standard.is_exported("TRACES"),
            export_metrics=standard.is_exported("METRICS"),
            export_logs=standard.is_exported("LOGS", default=False),
            log_timeout=standard.timeout("LOGS_"),
            disabled=self.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true",
            record_task_arguments=self._flag("RECORD_TASK_ARGUMENTS"),
            record_cache_keys=self._flag("RECORD_CACHE_KEYS"),
            sanitize_queries=self._flag("SANITIZE_QUERIES"),
            database_conventions=database_conventions(opt_in),
            peer_conventions=parse_conventions(opt_in or "old"),
            disabled_instrumentations=self._disabled_instrumentations(),
            commands=self._commands(),
            warnings=tuple(self.warnings),
        )
        if settings.batch_size > settings.queue_size:
            self.errors.append(
                f"OTEL_BSP_MAX_EXPORT_BATCH_SIZE: found {settings.batch_size}; allowed is at most the queue's "
                f"{settings.queue_size} (OTEL_BSP_MAX_QUEUE_SIZE)"
            )
        # Switched off, it must not be in the way of a build or a test.
        if self.errors and not settings.disabled:
            raise SettingsError(self.errors)
        return settings

    def _resource_attributes(self) -> dict[str, str]:
        pairs = (item.partition("=") for item in self.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","))
        return {key.strip(): unquote(value.strip()) for key, _, value in pairs if key.strip()}

    def _rules(self) -> Rules | None:
        text = self.environ.get("TRACING_SAMPLING_RULES")
        if not text:
            return None
        rules, errors = parse_rules(text, "TRACING_SAMPLING_RULES")
        self.errors += errors
        return rules

    def _sample_percentage(self) -> float | None:
        text = self.environ.get("TRACING_SAMPLE_PERCENTAGE")
        if text is None:
            return None
        found = percentage(text)
        if found is None:
            self.errors.append(f"TRACING_SAMPLE_PERCENTAGE: found {text!r}; allowed is a decimal, 0 to 100")
        return found

    def _left_out_urls(self) -> tuple[re.Pattern[str], ...] | None:
        for name in ("OTEL_PYTHON_DJANGO_EXCLUDED_URLS", "OTEL_PYTHON_EXCLUDED_URLS"):
            text = self.environ.get(name, "")
            # The specification: an empty value is as if it were not there.
            if text.strip():
                return tuple(self._regular_expressions(name, text))
        return None

    def _regular_expressions(self, name: str, text: str) -> list[re.Pattern[str]]:
        found = []
        for part in filter(None, (part.strip() for part in text.split(","))):
            try:
                found.append(re.compile(part))
            except re.error as error:
                self.errors.append(f"{name}: found {part!r}; allowed are regular expressions ({error})")
        return found

    def _left_out_paths(self) -> tuple[re.Pattern[str], ...]:
        listed = self.own.get("LEFT_OUT_PATHS", (*DEFAULT_LEFT_OUT, *self._file_paths()))
        if isinstance(listed, str) or not isinstance(listed, (list, tuple)):
            self.errors.append(f"TRACING['LEFT_OUT_PATHS']: found {listed!r}; allowed is a list of paths")
            return ()
        found = []
        for path in listed:
            pattern = parse_path(path) if isinstance(path, str) else None
            if pattern is None:
                self.errors.append(f"TRACING['LEFT_OUT_PATHS']: found {path!r}; allowed is a path with * (in a segment) and ** (across)")
            else:
                found.append(pattern)
        return tuple(found)

    def _file_paths(self) -> list[str]:
        """Where Django serves files itself. Files of another host are no requests of this one."""
        paths = []
        for name, default in (("STATIC_URL", "static/"), ("MEDIA_URL", "media/")):
            # Django makes "/" of what is not set.
            url = str(getattr(self.django, name, None) or "").strip("/") or default.strip("/")
            if "//" not in url:
                paths.append(f"/{url}/**")
        return paths

    def _text(self, key: str) -> str | None:
        value = self._own(key, lambda value: isinstance(value, str) and value != "", "a text", None)
        return None if value is None else str(value)

    def _flag(self, key: str) -> bool:
        return bool(self._own(key, lambda value: isinstance(value, bool), "True or False", True))

    def _own(self, key: str, allowed: Callable[[Any], bool], what: str, default: Any) -> Any:
        value = self.own.get(key)
        if value is None:
            return default
        if not allowed(value):
            self.errors.append(f"TRACING[{key!r}]: found {value!r}; allowed is {what}")
            return default
        return value

    def _disabled_instrumentations(self) -> frozenset[str]:
        found = self.standard.disabled_instrumentations()
        if found is not None:
            return found
        listed = self.own.get("DISABLED_INSTRUMENTATIONS", ())
        if not isinstance(listed, (list, tuple, set, frozenset)) or any(entry not in INSTRUMENTATIONS for entry in listed):
            name = "TRACING['DISABLED_INSTRUMENTATIONS']"
            self.errors.append(f"{name}: found {listed!r}; allowed is a list of {', '.join(INSTRUMENTATIONS)}")
            return frozenset()
        return frozenset(listed)

    def _commands(self) -> bool | frozenset[str]:
        found = self.own.get("COMMANDS", False)
        if isinstance(found, bool):
            return found
        if isinstance(found, (list, tuple, set, frozenset)) and all(isinstance(name, str) for name in found):
            return frozenset(found)
        self.errors.append(f"TRACING['COMMANDS']: found {found!r}; allowed is True, False or a list of names of management commands")
        return False

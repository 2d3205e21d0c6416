"""`thebot-tracing check`, also `python -m thebot_tracing check` and `manage.py tracing_check`.

It tells whether traces reach the Collector, with what sampler, and what is wrong.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler
from opentelemetry.trace import Span, SpanKind, format_trace_id

from .bootstrap import NOT_HEARD, is_initialised, make_resource, not_heard
from .correlation import KEY, new_correlation_id
from .encode import EncodedSpanExporter, encode
from .make_sampler import make_sampler
from .placement import OFFICIAL
from .remote import JaegerRemoteSampler
from .request_spans import used
from .session import ExportSession, reason
from .settings import INSTRUMENTATIONS, Settings, SettingsError, load_settings

_MIDDLEWARE = "CorrelationIDMiddleware"
# Modules and distributions of what is not called as they are.
_LIBRARIES = {"mysql": (("MySQLdb", "pymysql"), ("mysqlclient", "PyMySQL"))}


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 where all is well."""
    parser = argparse.ArgumentParser(prog="thebot-tracing", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check_parser = commands.add_parser("check", help="send one trace, and say what is wrong")
    add_options(check_parser)
    options = parser.parse_args(arguments)
    return check(options.jaeger, options.wait, print)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of a check."""
    parser.add_argument("--jaeger", metavar="URL", help="also look for the trace here, such as http://127.0.0.1:16686")
    parser.add_argument("--wait", type=float, default=30, metavar="SECONDS", help="how long to look (default 30)")


def check(jaeger: str | None, wait: float, say: Callable[[str], None]) -> int:
    """Check settings, libraries, middleware and the way to the Collector. Django is set up for it, as a server does."""
    sys.path.insert(0, os.getcwd())
    try:
        settings = load_settings()
        sampler = make_sampler(settings)
    except SettingsError as error:
        say(str(error))
        return 1
    except ImportError as error:
        say(f"Django's settings: {error}; DJANGO_SETTINGS_MODULE is {os.environ.get('DJANGO_SETTINGS_MODULE')!r}")
        return 1
    problems: list[str] = []
    say(f"service       {settings.service_name}, {settings.environment}")
    say(f"sampler       {sampler.get_description()}")
    problems += _strategies(sampler, say)
    for name in INSTRUMENTATIONS:
        say(f"{name:<13} {_library(name, settings)}")
    problems += _middleware(settings, say)
    if settings.disabled or not settings.export_traces:
        problems.append("no trace is sent: OTEL_SDK_DISABLED=true or OTEL_TRACES_EXPORTER=none is set")
    else:
        problems += _send(settings, jaeger, wait, say)
    for warning in settings.warnings:
        say(f"note: {warning}")
    for problem in problems:
        say(f"WRONG: {problem}")
    say("all is well" if not problems else f"{len(problems)} wrong")
    return 1 if problems else 0


def _strategies(sampler: Sampler, say: Callable[[str], None]) -> list[str]:
    """Whether Jaeger's strategies can be had, where they decide."""
    remote = sampler._root if isinstance(sampler, ParentBased) else sampler
    if not isinstance(remote, JaegerRemoteSampler):
        return []
    try:
        remote.refresh()
    except Exception as error:  # noqa: BLE001 - whatever answers, it is told
        return [f"{remote.url}: no strategies ({reason(error)}); is Jaeger up, and is this its sampling port (5778)?"]
    say(f"strategies    {remote.url}")
    return []


def _library(name: str, settings: Settings) -> str:
    if name in settings.disabled_instrumentations:
        return "switched off"
    modules, distributions = _LIBRARIES.get(name, ((name,), (name, f"{name}-binary")))
    if not any(importlib.util.find_spec(module) for module in modules):
        return "not installed"
    for distribution in distributions:
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "installed"


def _middleware(settings: Settings, say: Callable[[str], None]) -> list[str]:
    from django.conf import settings as django

    if not (django.configured or os.environ.get("DJANGO_SETTINGS_MODULE")):
        return ["no Django was checked: set DJANGO_SETTINGS_MODULE, or use `manage.py tracing_check`"]
    try:
        _load_django()
    except Exception as error:  # noqa: BLE001 - an application may raise anything, and that is what is told
        return [f"Django does not start: {type(error).__name__}: {error}"]
    listed = [name for name in django.MIDDLEWARE if name != OFFICIAL]
    say(f"middleware    {listed}")
    problems = []
    if not any(name.endswith(_MIDDLEWARE) for name in listed):
        problems.append(f"MIDDLEWARE has no {_MIDDLEWARE}: requests get no correlation id")
    elif not listed[0].endswith(_MIDDLEWARE):
        problems.append(f"{_MIDDLEWARE} is not the first of MIDDLEWARE: what runs before it has no correlation id")
    return problems + _requests(settings, used() is not None or OFFICIAL in django.MIDDLEWARE)


def _load_django() -> None:
    import django
    from django.core.handlers.base import BaseHandler

    django.setup()
    BaseHandler().load_middleware()


def _requests(settings: Settings, traced: bool) -> list[str]:
    """Whether Django's requests will have spans."""
    if settings.disabled or "django" in settings.disabled_instrumentations:
        return []
    if not is_initialised():
        return ["neither Django's settings nor an app has called init_tracing(): nothing is traced"]
    problems = [NOT_HEARD % ", ".join(missed)] if (missed := not_heard()) else []
    return problems if traced else [*problems, "requests have no span"]


def _send(settings: Settings, jaeger: str | None, wait: float, say: Callable[[str], None]) -> list[str]:
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    shown = endpoint or "http://localhost:4318 (the default; OTEL_EXPORTER_OTLP_ENDPOINT is not set)"
    session = ExportSession()
    exporter = EncodedSpanExporter(session=session, timeout=5)
    # Kept whatever the sampler of the settings says; and an error, so that the Collector keeps it too.
    provider = TracerProvider(sampler=ALWAYS_ON, resource=make_resource(settings), shutdown_on_exit=False)
    span = provider.get_tracer("thebot_tracing.check").start_span("thebot_tracing check", kind=SpanKind.SERVER)
    span.set_attribute(KEY, new_correlation_id())
    span.record_exception(RuntimeError("an error on purpose: errors are kept"))
    _fail(span)
    span.end()
    with suppress_instrumentation():
        taken = exporter.send([encode(span)])  # type: ignore[arg-type]
    exporter.shutdown()  # type: ignore[no-untyped-call]
    if not taken:
        return [f"{shown}: {session.outcome}; is the Collector up, and is this its OTLP HTTP port (4318)?"]
    trace_id = format_trace_id(span.get_span_context().trace_id)
    say(f"Collector     {shown} has taken trace {trace_id}")
    return _look(jaeger.rstrip("/"), trace_id, wait, say) if jaeger else []


def _fail(span: Span) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, "an error on purpose: errors are kept"))


def _look(jaeger: str, trace_id: str, wait: float, say: Callable[[str], None]) -> list[str]:
    if not jaeger.startswith(("http://", "https://")):
        return [f"--jaeger: found {jaeger!r}; allowed is http://host:port or https://host:port"]
    until = time.monotonic() + wait
    last = "not there"
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{jaeger}/api/v3/traces/{trace_id}", timeout=5) as answer:  # noqa: S310
                if b"spanId" in answer.read():
                    say(f"Jaeger        {jaeger}/trace/{trace_id}")
                    return []
        except urllib.error.HTTPError as error:
            last = f"status {error.code}"
        except OSError as error:
            last = str(error)
        time.sleep(0.5)
    return [f"{jaeger}: trace {trace_id} was taken by the Collector and is not found within {wait:g} s ({last})"]


if __name__ == "__main__":
    sys.exit(main())

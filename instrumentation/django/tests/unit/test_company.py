"""In company: a provider that is there first, fleet-wide variables, management commands, and the end of a process without a Collector."""

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import opentelemetry.instrumentation
import pytest

SETTINGS = """
ROOT_URLCONF = "urls"
SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "app"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
MIDDLEWARE = ["thebot_tracing.middleware.CorrelationIDMiddleware"]
TRACING = {"COMMANDS": COMMANDS}
from thebot_tracing import init_tracing, setup_metrics
init_tracing()
setup_metrics()
"""
COMMAND = """
from django.core.management.base import BaseCommand
from thebot_tracing import get_correlation_id, get_tracer
class Command(BaseCommand):
    def handle(self, *args, **options):
        with get_tracer("t").start_as_current_span("step"):
            print(get_correlation_id())
"""
REQUEST = """
import django; django.setup()
from django.test import Client
print(Client().get("/", headers={"X-Correlation-ID": "test-123"})["X-Correlation-ID"])
"""
# A port that nothing listens on.
AWAY = "http://127.0.0.1:9"


def run(folder, command, endpoint, commands=False, first="", urls="urlpatterns = []\n", **environ):
    (folder / "app" / "management" / "commands").mkdir(parents=True)
    (folder / "service.py").write_text(first + SETTINGS.replace("COMMANDS}", f"{commands!r}}}"))
    (folder / "urls.py").write_text(urls)
    (folder / "app" / "__init__.py").write_text("")
    (folder / "app" / "management" / "commands" / "work.py").write_text(COMMAND)
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "service", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "PYTHONPATH": str(folder)}
    for name in ("TRACES", "METRICS"):
        del env[f"OTEL_{name}_EXPORTER"]
    began = time.monotonic()
    result = subprocess.run(command, cwd=folder, env=env | environ, capture_output=True, text=True, timeout=120, check=False)
    return result, time.monotonic() - began


def manage(*arguments):
    return [sys.executable, "-m", "django", *arguments]


INSTRUMENT = Path(sys.executable).with_name("opentelemetry-instrument")
# The Kubernetes operator puts a folder with a sitecustomize.py before all others, and runs the program as it is.
INJECTED = Path(opentelemetry.instrumentation.__path__[0]) / "auto_instrumentation"
JOINED = "a tracer provider is set already"


def has_distro():
    return importlib.util.find_spec("opentelemetry.distro") is not None


@pytest.mark.skipif(not has_distro(), reason="opentelemetry-distro is not installed")
@pytest.mark.parametrize("way", ["opentelemetry-instrument", "the operator"])
def test_where_opentelemetry_is_there_first_a_request_is_one_span_sent_once_and_metrics_arrive(tmp_path, collector, way):
    program = [sys.executable, "-c", REQUEST]
    path = {} if way == "opentelemetry-instrument" else {"PYTHONPATH": f"{INJECTED}{os.pathsep}{tmp_path}"}
    result, _ = run(
        tmp_path, program if path else [INSTRUMENT, *program], collector.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf", OTEL_LOGS_EXPORTER="none", **path,
    )  # fmt: skip
    assert result.stdout == "test-123\n", result.stderr
    assert [span.name for span in collector.named] == ["GET"]
    assert "test-123" in [entry.value.string_value for entry in collector.named[0].attributes]
    assert "http.server.duration" in {metric.name for metric in collector.metrics}
    assert result.stderr.count(JOINED) == 1


OWN = """
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
provider = TracerProvider(resource=Resource.create({"service.name": "own"}))
trace.set_tracer_provider(provider)
"""
OWN_EXPORTER = f"{OWN}provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))\n"


@pytest.mark.parametrize(("own", "exports"), [(OWN, False), (OWN_EXPORTER, True)], ids=["no exporter", "an exporter"])
def test_a_provider_of_the_application_s_own_is_joined_and_each_span_sent_once(tmp_path, collector, own, exports):
    result, _ = run(tmp_path, [sys.executable, "-c", REQUEST], collector.endpoint, first=own)
    assert result.stdout == "test-123\n", result.stderr
    (span,) = collector.named
    assert "test-123" in [entry.value.string_value for entry in span.attributes]
    assert collector.resources[0]["service.name"] == "own"
    assert "http.server.duration" in {metric.name for metric in collector.metrics}
    assert result.stderr.count(JOINED) == 1
    assert ("its exporter sends the spans" in result.stderr) is exports


SENTRY = """
import sentry_sdk
from sentry_sdk.transport import Transport
class Told(Transport):
    def capture_envelope(self, envelope):
        for item in envelope.items:
            print("sentry:", item.type)
sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", transport=Told, traces_sample_rate=1.0OPTIONS)
"""
SENTRY_BY_OPENTELEMETRY = f"""{SENTRY.replace("OPTIONS", ", instrumenter='otel'")}
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from sentry_sdk.integrations.opentelemetry import SentryPropagator, SentrySpanProcessor
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SentrySpanProcessor())
propagate.set_global_textmap(SentryPropagator())
"""
FAILS = """
from django.urls import path
def fail(request):
    raise ValueError("in the view")
urlpatterns = [path("", fail)]
"""
FAILED = """
from wsgiref.util import setup_testing_defaults
from django.core.wsgi import get_wsgi_application
environ = {"HTTP_X_CORRELATION_ID": "test-123"}
setup_testing_defaults(environ)
answer = get_wsgi_application()(environ, lambda status, headers: print(dict(headers)["X-Correlation-ID"]))
list(answer)
answer.close()
import sentry_sdk; sentry_sdk.flush()
"""


@pytest.mark.skipif(importlib.util.find_spec("sentry_sdk") is None, reason="sentry-sdk is not installed")
@pytest.mark.parametrize(
    ("first", "joined"), [(SENTRY.replace("OPTIONS", ""), 0), (SENTRY_BY_OPENTELEMETRY, 1)], ids=["beside", "by OpenTelemetry"]
)
def test_beside_sentry_each_has_the_error_and_the_request_once(tmp_path, collector, first, joined):
    result, _ = run(tmp_path, [sys.executable, "-c", FAILED], collector.endpoint, first=first, urls=FAILS)
    lines = result.stdout.splitlines()
    assert "test-123" in lines, result.stderr
    assert (lines.count("sentry: event"), lines.count("sentry: transaction")) == (1, 1)
    (span,) = collector.named
    assert (span.status.code, span.events[0].name) == (2, "exception")
    assert "http.server.duration" in {metric.name for metric in collector.metrics}
    assert result.stderr.count(JOINED) == joined


FLEET = {
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "sqlalchemy,urllib3",
    "OTEL_METRICS_EXPORTER": "prometheus",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    "OTEL_TRACES_SAMPLER": "xray",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "10",
}


def test_variables_of_a_whole_fleet_do_not_stop_the_start(tmp_path, collector):
    result, _ = run(tmp_path, [sys.executable, "-c", REQUEST], collector.endpoint, **FLEET)
    assert result.stdout == "test-123\n", result.stderr
    assert len(collector.named) == 1
    for name in ("OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_TIMEOUT"):
        assert result.stderr.count(f"{name}: ") == 1, result.stderr


def test_without_a_collector_a_command_that_records_nothing_is_quick_and_quiet(tmp_path):
    bare, without = run(tmp_path / "bare", manage("check"), AWAY, OTEL_SDK_DISABLED="true")
    result, time_taken = run(tmp_path / "traced", manage("check"), AWAY)
    assert (bare.returncode, result.returncode, result.stderr) == (0, 0, "")
    # Five seconds is what the end of a process with spans may take.
    assert time_taken < without + 4


def test_the_queries_of_a_command_are_no_traces(tmp_path, collector):
    result, _ = run(tmp_path, manage("migrate"), collector.endpoint)
    assert result.returncode == 0, result.stderr
    assert collector.named == []


@pytest.mark.parametrize(
    ("commands", "names"), [(True, ["step", "manage.py work"]), (["work"], ["step", "manage.py work"]), (["other"], ["step"])]
)
def test_a_command_is_one_span_with_a_correlation_id_by_setting(tmp_path, collector, commands, names):
    result, _ = run(tmp_path, manage("work"), collector.endpoint, commands)
    assert result.returncode == 0, result.stderr
    assert [span.name for span in collector.named] == names
    if len(names) == 2:
        assert len({span.trace_id for span in collector.named}) == 1
        ids = {entry.value.string_value for span in collector.named for entry in span.attributes if entry.key == "correlation_id"}
        assert ids == {result.stdout.strip()}


ENDS = """
import time, django; django.setup()
from thebot_tracing import get_meter, get_tracer
get_tracer("t").start_span("a").end()
get_meter("t").create_counter("c").add(1)
import atexit
began = time.monotonic()
atexit._run_exitfuncs()
print(time.monotonic() - began)
"""


def test_spans_and_metrics_share_the_time_that_the_end_of_a_process_may_take(tmp_path):
    result, _ = run(tmp_path, [sys.executable, "-c", ENDS], AWAY)
    assert float(result.stdout) < 5.5, result.stderr
    assert "1 spans dropped" in result.stderr


def test_the_end_brings_spans_and_metrics(tmp_path, collector):
    result, _ = run(tmp_path, [sys.executable, "-c", ENDS], collector.endpoint)
    assert float(result.stdout) < 5, result.stderr
    assert [span.name for span in collector.named] == ["a"]
    assert {"c", "thebot.tracing.spans.exported"} <= {metric.name for metric in collector.metrics}

"""In company: a provider that is there first, fleet-wide variables, management commands, and the end of a process without a Collector."""

import os
import subprocess
import sys
import time
from pathlib import Path

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


def run(folder, command, endpoint, commands=False, **environ):
    (folder / "app" / "management" / "commands").mkdir(parents=True)
    (folder / "service.py").write_text(SETTINGS.replace("COMMANDS}", f"{commands!r}}}"))
    (folder / "urls.py").write_text("urlpatterns = []\n")
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


INSTRUMENTED = [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable, "-c", REQUEST]


@pytest.mark.skipif(not Path(INSTRUMENTED[0]).exists(), reason="opentelemetry-instrument is not installed")
def test_under_opentelemetry_instrument_a_request_is_one_span_sent_once_and_metrics_arrive(tmp_path, collector):
    pytest.importorskip("opentelemetry.distro")
    result, _ = run(
        tmp_path, INSTRUMENTED, collector.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf", OTEL_LOGS_EXPORTER="none",
    )  # fmt: skip
    assert result.stdout == "test-123\n", result.stderr
    assert [span.name for span in collector.named] == ["GET"]
    assert "test-123" in [entry.value.string_value for entry in collector.named[0].attributes]
    assert "http.server.duration" in {metric.name for metric in collector.metrics}
    assert result.stderr.count("a tracer provider is set already") == 1


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

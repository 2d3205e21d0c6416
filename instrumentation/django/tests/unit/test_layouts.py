"""Settings as people lay them out: wherever tracing is begun, requests have spans, and what is not heard is said."""

import os
import subprocess
import sys

import pytest

COMMON = """
ROOT_URLCONF = "urls"
SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
"""
MIDDLEWARE = '"thebot_tracing.middleware.CorrelationIDMiddleware", "django.middleware.common.CommonMiddleware"'
INIT = "from thebot_tracing import init_tracing\ninit_tracing()\n"
TUPLE = {"service.py": f"{COMMON}MIDDLEWARE = ({MIDDLEWARE})\n{INIT}"}
SPLIT = {"base.py": f"{COMMON}MIDDLEWARE = [{MIDDLEWARE}]\n{INIT}", "service.py": "from base import *\n"}
SPLIT_TUPLE = {"base.py": f"{COMMON}MIDDLEWARE = ({MIDDLEWARE})\n{INIT}", "service.py": "from base import *\n"}
PROGRAM = """
import django; django.setup()
from django.test import Client
print(Client().get("/", headers={"X-Correlation-ID": "test-123"})["X-Correlation-ID"])
"""


def run(folder, files, collector, *command):
    for name, text in {**files, "urls.py": "urlpatterns = []\n"}.items():
        (folder / name).write_text(text)
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "service", "OTEL_TRACES_EXPORTER": "otlp"}
    env["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.endpoint
    return subprocess.run([sys.executable, *command], cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("files", [TUPLE, SPLIT, SPLIT_TUPLE], ids=["a tuple", "split", "a tuple, split"])
def test_requests_have_spans(tmp_path, collector, files):
    result = run(tmp_path, files, collector, "-c", PROGRAM)
    assert result.stdout == "test-123\n", result.stderr
    assert len(collector.spans) == 1
    assert "init_tracing" not in result.stderr


OWN = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
"""


@pytest.mark.parametrize(("excluded", "count"), [("never$", 1), ("localhost|testserver", 0)])
def test_a_provider_of_the_application_s_own_records_all_but_the_excluded_urls(tmp_path, collector, monkeypatch, excluded, count):
    monkeypatch.setenv("OTEL_PYTHON_DJANGO_EXCLUDED_URLS", excluded)
    files = {"service.py": f"{COMMON}MIDDLEWARE = [{MIDDLEWARE}]\n{OWN}{INIT}"}
    result = run(tmp_path, files, collector, "-c", PROGRAM)
    assert result.stdout == "test-123\n", result.stderr
    assert len(collector.spans) == count


def test_settings_that_come_after_tracing_has_begun_are_named(tmp_path, collector):
    files = {**SPLIT, "service.py": 'from base import *\nTRACING = {"SERVICE_NAME": "late"}\nENVIRONMENT = "production"\n'}
    result = run(tmp_path, files, collector, "-c", PROGRAM)
    assert "so tracing goes without these: ENVIRONMENT, TRACING; call it at the end of the module" in result.stderr
    assert len(collector.spans) == 1
    checked = run(tmp_path, files, collector, "-m", "thebot_tracing", "check")
    assert checked.returncode == 1
    assert "WRONG: init_tracing() was called before Django's settings were complete" in checked.stdout


@pytest.mark.parametrize("files", [TUPLE, SPLIT], ids=["a tuple", "split"])
def test_check_sees_what_a_server_would(tmp_path, collector, files):
    result = run(tmp_path, files, collector, "-m", "thebot_tracing", "check")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({"service.py": f"{COMMON}MIDDLEWARE = [{MIDDLEWARE}]\n"}, "neither Django's settings nor an app has called init_tracing()"),
        ({"service.py": f"{COMMON}INSTALLED_APPS = ['no_such_app']\n{INIT}"}, "Django does not start: ModuleNotFoundError"),
    ],
    ids=["never begun", "an app is missing"],
)
def test_check_tells_what_is_wrong(tmp_path, collector, files, wrong):
    result = run(tmp_path, files, collector, "-m", "thebot_tracing", "check")
    assert result.returncode == 1
    assert f"WRONG: {wrong}" in result.stdout

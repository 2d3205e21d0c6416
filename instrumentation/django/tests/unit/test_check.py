"""`python -m thebot_tracing check`."""

import os
import subprocess
import sys

import pytest
from collector import Collector
from conftest import EXAMPLE


def check(*arguments, **environ):
    environ = {**os.environ, "OTEL_TRACES_EXPORTER": "otlp", "DJANGO_SETTINGS_MODULE": "config.settings", **environ}
    result = subprocess.run(
        [sys.executable, "-m", "thebot_tracing", "check", *arguments],
        cwd=EXAMPLE, env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return result.returncode, result.stdout + result.stderr


@pytest.fixture
def collector():
    found = Collector()
    yield found
    found.stop()


def test_all_is_well(collector):
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    assert (code, len(collector.spans)) == (0, 1), output
    for part in ("thebot-platform, development", "AlwaysOnSampler", "celery", collector.spans[0][0], "all is well"):
        assert part in output


def test_no_collector():
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert code == 1
    assert "WRONG: http://127.0.0.1:9: no answer; is the Collector up" in output


@pytest.mark.parametrize("status", [302, 404])
def test_what_answers_is_no_collector(collector, status):
    collector.status = status
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    assert code == 1
    assert f"status {status}" in output


def test_bad_settings():
    code, output = check(OTEL_TRACES_SAMPLER="sometimes")
    assert code == 1
    assert "OTEL_TRACES_SAMPLER: found 'sometimes'" in output
    assert "Traceback" not in output


def test_nothing_is_sent():
    code, output = check(OTEL_TRACES_EXPORTER="none")
    assert code == 1
    assert "WRONG: no trace is sent" in output


def test_a_trace_that_jaeger_does_not_have(collector):
    code, output = check("--jaeger", "http://127.0.0.1:9", "--wait", "1", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    assert code == 1
    assert "was taken by the Collector and is not found within 1 s" in output

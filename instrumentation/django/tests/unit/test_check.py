"""`python -m thebot_tracing check`."""

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from collector import serve
from conftest import EXAMPLE


def check(*arguments, **environ):
    environ = {**os.environ, "OTEL_TRACES_EXPORTER": "otlp", "DJANGO_SETTINGS_MODULE": "config.settings", **environ}
    result = subprocess.run(
        [sys.executable, "-m", "thebot_tracing", "check", *arguments],
        cwd=EXAMPLE, env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return result.returncode, result.stdout + result.stderr


@pytest.fixture
def strategies():
    """The address of a sampling port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"probabilisticSampling":{"samplingRate":1}}')

    server = HTTPServer(("127.0.0.1", 0), Handler)
    serve(server)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_example_sends_the_headers_of_its_environment_and_shows_no_token(collector):
    token = "t" * 40
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_EXPORTER_OTLP_HEADERS=f"authorization=Bearer%20{token}")
    assert code == 0, output
    assert collector.authorizations == [("/v1/traces", f"Bearer {token}")]
    assert token not in output


def test_all_is_well(collector):
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    assert (code, len(collector.spans)) == (0, 1), output
    for part in ("thebot-platform, development", "AlwaysOnSampler", "celery", collector.spans[0][0], "all is well"):
        assert part in output


def test_no_collector():
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert code == 1
    assert "WRONG: http://127.0.0.1:9: no answer (" in output
    assert "Connection refused); is the Collector up" in output


def test_a_collector_without_tls(collector):
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint.replace("http://", "https://"))
    assert code == 1
    assert "no answer (SSLError" in output


def test_the_certificate_of_otlp_holds_whatever_other_requests_go_by(collector, tmp_path):
    other = tmp_path / "other.pem"
    other.write_text("")
    endpoint = collector.endpoint.replace("http://", "https://")
    missing = str(tmp_path / "missing.pem")
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE=missing, REQUESTS_CA_BUNDLE=str(other))
    assert code == 1
    assert missing in output


@pytest.mark.parametrize(("sampler", "argument"), [("always_off", ""), ("parentbased_traceidratio", "0.0001")])
def test_its_trace_is_sent_whatever_the_sampler_keeps(collector, sampler, argument):
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument)
    assert (code, len(collector.spans)) == (0, 1), output


@pytest.mark.parametrize("sampler", ["jaeger_remote", "parentbased_jaeger_remote"])
def test_a_sampling_port_that_does_not_answer(collector, sampler):
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_TRACES_SAMPLER": sampler}
    code, output = check(**variables, OTEL_TRACES_SAMPLER_ARG="endpoint=http://127.0.0.1:9")
    assert code == 1
    assert "WRONG: http://127.0.0.1:9/?service=thebot-platform: no strategies (ConnectionRefusedError: " in output
    assert "Couldn't recognize sampler" not in output
    assert len(collector.spans) == 1


def test_strategies_are_served(collector, strategies):
    code, output = check(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
        OTEL_TRACES_SAMPLER="parentbased_jaeger_remote",
        OTEL_TRACES_SAMPLER_ARG=f"endpoint={strategies}",
    )
    assert code == 0, output
    assert f"strategies    {strategies}/?service=thebot-platform" in output


@pytest.mark.parametrize("status", [302, 404])
def test_what_answers_is_no_collector(collector, status):
    collector.status = status
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    assert code == 1
    assert f"status {status}" in output


def test_bad_settings():
    code, output = check(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="often")
    assert code == 1
    assert "OTEL_TRACES_SAMPLER_ARG: found 'often'" in output
    assert "Traceback" not in output


def test_nothing_is_sent():
    code, output = check(OTEL_TRACES_EXPORTER="none")
    assert code == 1
    assert "WRONG: no trace is sent" in output


def test_a_trace_that_jaeger_does_not_have(collector):
    code, output = check("--jaeger", "http://127.0.0.1:9", "--wait", "1", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    assert code == 1
    assert "was taken by the Collector and is not found within 1 s" in output


def test_without_django_nothing_is_well(collector):
    code, output = check(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, DJANGO_SETTINGS_MODULE="")
    assert code == 1
    assert "WRONG: no Django was checked" in output


@pytest.mark.parametrize(("status", "code"), [(200, 0), (404, 1)])
def test_manage_py_checks_too(collector, tmp_path, status, code):
    collector.status = status
    (tmp_path / "service.py").write_text(
        "ROOT_URLCONF = 'urls'\nSECRET_KEY = 'x'\nINSTALLED_APPS = ['thebot_tracing']\n"
        "MIDDLEWARE = ['thebot_tracing.middleware.CorrelationIDMiddleware']\n"
        "from thebot_tracing import init_tracing\ninit_tracing()\n"
    )
    (tmp_path / "urls.py").write_text("urlpatterns = []\n")
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "service",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
    }
    command = [sys.executable, "-m", "django", "tracing_check", "--pythonpath", "."]
    result = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == code, result.stdout + result.stderr
    assert ("all is well" in result.stdout) is (code == 0)

"""One request, one trace: from the header to Elasticsearch, through forked web workers and a Celery worker."""

import subprocess
import sys
import uuid

import pytest
from conftest import EXAMPLE
from opentelemetry.trace import SpanKind

from e2e.systems import COLLECTOR_METRICS, JAEGER, JAEGER_SAMPLING, eventually, find, get, spans_of, tags_of
from thebot_tracing.remote import JaegerRemoteSampler

WORKER = ("-c", "2")


def whole(app, correlation_id, last):
    """The one trace of an id, when all is there that the ledger has and the span `last` ended."""

    def attempt():
        found = find(correlation_id)
        if not found:
            return None
        assert len(found) == 1
        begun = app.ledger()[found[0]["traceID"]]
        spans = found[0]["spans"]
        return found[0] if last in begun.values() and {span["spanID"] for span in spans} >= set(begun) else None

    return eventually(f"the trace of {correlation_id}", 60, attempt)


@pytest.mark.parametrize("preload", [(), ("--preload",)], ids=["without preload", "with preload"])
def test_one_request_gives_one_trace_with_all_its_spans(start, gateway, preload):
    app = start(("-w", "2", *preload), WORKER)
    correlation_id = f"e2e-{uuid.uuid4()}"
    status, headers, _ = get(f"{app.url}/api/payments/42/", {"X-Correlation-ID": correlation_id}, "POST", {})
    assert (status, headers["X-Correlation-ID"]) == (201, correlation_id)
    found = whole(app, correlation_id, "run/api.tasks.settle")
    spans = {span["spanID"]: span for span in found["spans"]}
    names = [span["operationName"] for span in spans.values()]
    below = ("take payment", "INSERT", "SET", "GET", "apply_async/api.tasks.settle", "run/api.tasks.settle", "UPDATE")
    for name in ("POST api/payments/<int:amount>/", *below):
        assert names.count(name) == 1, (name, names)
    assert names.count("POST") == 2, names
    assert {tags_of(span)["correlation_id"] for span in spans.values()} == {correlation_id}
    # Each span but the request's hangs below another one of the trace, and the task below the request's own.
    parents = {key: [ref["spanID"] for ref in span["references"]] for key, span in spans.items()}
    assert [spans[key]["operationName"] for key, parent in parents.items() if not parent] == ["POST api/payments/<int:amount>/"]
    assert all(parent[0] in spans for parent in parents.values() if parent)
    # Web and worker are processes of one service.
    processes = {span["processID"] for span in spans.values()}
    instances = {tag["value"] for key in processes for tag in found["processes"][key]["tags"] if tag["key"] == "service.instance.id"}
    assert len(instances) == 2
    by_name = {span["operationName"]: tags_of(span) for span in spans.values()}
    assert by_name["INSERT"]["db.system"] == "postgresql"
    assert by_name["INSERT"]["db.name"] == "example"
    assert by_name["GET"]["cache.hit"] is True
    assert "payment:" in by_name["SET"]["cache.key"]
    task = by_name["run/api.tasks.settle"]
    assert (task["celery.state"], task["celery.task_name"]) == ("SUCCESS", "api.tasks.settle")
    assert task["celery.args"].startswith("(")
    assert task["celery.result"].isdigit()
    # The gateway was called by requests and by httpx, within the trace; of the baggage it saw the id only.
    calls = [called for called in gateway.headers if called.get("x-correlation-id") == correlation_id]
    assert len(calls) == 2
    for called in calls:
        assert called["traceparent"].split("-")[1] == found["traceID"]
        assert called["baggage"] == f"correlation_id={correlation_id}"
        assert called["x-b3-traceid"] == found["traceID"]
        # Jaeger's format may leave out zeros in front.
        assert called["uber-trace-id"].split(":")[0].zfill(32) == found["traceID"]
    for log, line in ((app.web, "taken"), (app.worker, "settled")):
        assert any(f"correlation_id={correlation_id}" in text and line in text for text in log.text.splitlines())


def test_an_error_s_trace_has_the_exception(start):
    app = start()
    correlation_id = f"e2e-{uuid.uuid4()}"
    status, headers, _ = get(f"{app.url}/api/fail/", {"X-Request-ID": correlation_id})
    assert (status, headers["X-Correlation-ID"]) == (500, correlation_id)
    found = whole(app, correlation_id, "GET api/fail/")
    server = next(span for span in found["spans"] if span["operationName"] == "GET api/fail/")
    assert tags_of(server)["error"] is True
    event = next(event for log in server["logs"] for event in [{field["key"]: field["value"] for field in log["fields"]}])
    assert event["exception.type"] == "ValueError"
    assert event["exception.message"] == "the payment provider does not know this card"
    assert "api/views.py" in event["exception.stacktrace"]
    assert f"correlation_id={correlation_id} trace_id={found['traceID']} Internal Server Error" in app.web.text


def test_left_out_requests_leave_no_trace_and_no_orphan(start):
    app = start(("-w", "1"))
    before = set(app.ledger())
    for _ in range(5):
        assert get(f"{app.url}/health/")[2] == "OK"
    get(f"{app.url}/api/chat/rooms/", {"X-Correlation-ID": f"e2e-{uuid.uuid4()}"})
    made = set(app.ledger()) - before
    assert len(made) == 1, "one trace: of the last request"
    assert "GET api/chat/rooms/" in app.ledger()[made.pop()].values()


def test_psycopg2_is_traced_too(start, environment):
    program = f"""
import django; django.setup()
import psycopg2
from config.tracing import get_tracer
with get_tracer("t").start_as_current_span("with psycopg2") as span:
    cursor = psycopg2.connect(host="127.0.0.1", port={environment["POSTGRES_PORT"]}, dbname="example", user="example").cursor()
    cursor.execute("SELECT 1")
    print(f"{{span.get_span_context().trace_id:032x}}")
"""
    env = {**environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
    result = subprocess.run([sys.executable, "-c", program], cwd=EXAMPLE, env=env, capture_output=True, text=True, check=True)
    trace_id = result.stdout.strip()
    spans = eventually("the trace", 60, lambda: spans_of(trace_id) or None)
    assert sorted(span["operationName"] for span in spans) == ["SELECT", "with psycopg2"]


def test_metrics_reach_the_collector(start):
    app = start(("-w", "1"), WORKER)
    assert get(f"{app.url}/api/payments/7/", method="POST", body={})[0] == 201

    def attempt():
        _, _, text = get(f"{COLLECTOR_METRICS}/metrics")
        return all(name in text for name in ("example_payments", "http_server_duration", "thebot_tracing_spans_exported")) or None

    eventually("metrics on the Collector's port", 60, attempt)


def test_check_finds_its_trace_in_jaeger(environment):
    command = [sys.executable, "-m", "thebot_tracing", "check", "--jaeger", JAEGER]
    env = {**environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
    result = subprocess.run(command, cwd=EXAMPLE, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Jaeger        {JAEGER}/trace/" in result.stdout


def test_jaeger_s_own_strategies_are_followed():
    sampler = JaegerRemoteSampler(JAEGER_SAMPLING, "thebot-platform", initial_percent=0)
    sampler.refresh()
    # The dev stack's Collector decides: Jaeger tells SDKs to send everything.
    assert sampler.should_sample(None, 2**64 - 1, "GET a", SpanKind.SERVER).decision.is_sampled()
    sampler.shutdown()

"""Log records by OTLP: what arrives at a receiver, and what is not sent."""

import logging
import os
import subprocess
import sys

import pytest
from conftest import PACKAGE
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk.resources import Resource

from thebot_tracing import OTLPLogHandler, correlation_id, get_tracer, logs


@pytest.fixture
def records(collector, monkeypatch):
    """Sends to a receiver. Gives the records that have arrived there, by their body."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
    taken, answer = [], collector.answer

    def answered(path, body):
        if path == "/v1/logs":
            taken.append(ExportLogsServiceRequest.FromString(body))
        return answer(path, body)

    collector.answer = answered
    delivery = logs.LogDelivery(Resource.create({"service.name": "shop"}), timeout=5)
    before = dict(logs._state)
    logs.use(delivery)

    def arrived():
        delivery.shutdown(10)
        found = {}
        for request in taken:
            for resource in request.resource_logs:
                assert {entry.key: entry.value.string_value for entry in resource.resource.attributes}["service.name"] == "shop"
                for scope in resource.scope_logs:
                    for record in scope.log_records:
                        values = {entry.key: getattr(entry.value, entry.value.WhichOneof("value")) for entry in record.attributes}
                        found[record.body.string_value] = (record, scope.scope.name, values)
        return found

    yield arrived
    logs.use(before.get("delivery"))


@pytest.fixture
def logger():
    found, handler = logging.getLogger("shop.till"), OTLPLogHandler()
    found.addHandler(handler)
    found.setLevel(logging.DEBUG)
    yield found
    found.removeHandler(handler)


def test_a_record_has_trace_span_and_correlation_id(exporter, records, logger):
    with correlation_id("log-1"), get_tracer("t").start_as_current_span("around") as span:
        logger.warning("paid %d", 7, extra={"amount": 7, "paid": True, "basket": object()})
    record, name, values = records()["paid 7"]
    found = span.get_span_context()
    assert (record.trace_id.hex(), record.span_id.hex(), record.flags) == (
        f"{found.trace_id:032x}",
        f"{found.span_id:016x}",
        found.trace_flags,
    )
    assert (record.severity_text, record.severity_number, name) == ("WARN", 13, "shop.till")
    assert (values["correlation_id"], values["amount"], values["paid"]) == ("log-1", 7, True)
    assert "basket" not in values
    assert values["code.file.path"] == __file__
    assert values["code.function.name"] == "test_a_record_has_trace_span_and_correlation_id"
    assert abs(record.time_unix_nano - record.observed_time_unix_nano) < 60e9


def test_an_exception_is_recorded(records, logger):
    try:
        raise ValueError("no card")
    except ValueError:
        logger.exception("failed")
    record, _, values = records()["failed"]
    assert (record.severity_text, values["exception.type"], values["exception.message"]) == ("ERROR", "ValueError", "no card")
    assert "test_an_exception_is_recorded" in values["exception.stacktrace"]


def test_what_django_logs_of_a_request_that_is_over_has_its_trace(exporter, records):
    from django.test import Client

    handler, django = OTLPLogHandler(), logging.getLogger("django.request")
    django.addHandler(handler)
    Client().get("/unknown/", headers={"X-Correlation-ID": "log-2"})
    django.removeHandler(handler)
    record, _, values = records()["Not Found: /unknown/"]
    assert (values["correlation_id"], values["status_code"], record.trace_id != b"") == ("log-2", 404, True)


def test_a_formatter_makes_the_body(records, logger):
    logger.handlers[-1].setFormatter(logging.Formatter("<%(message)s>"))
    logger.info("plain")
    assert list(records()) == ["<plain>"]


@pytest.mark.parametrize(
    ("level", "text"), [(5, "TRACE"), (10, "DEBUG"), (25, "INFO"), (30, "WARN"), (45, "ERROR"), (50, "FATAL"), (70, "FATAL")]
)
def test_each_level_has_a_severity(level, text):
    record = logging.LogRecord("n", level, "file", 1, "text", (), None)
    assert OTLPLogHandler()._translated(record).severity_text == text


def test_without_export_and_below_an_export_nothing_is_sent(records, logger):
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    with suppress_instrumentation():
        logger.info("below an export")
    delivery = dict(logs._state)
    logs.use(None)
    logger.info("without")
    logs.use(delivery["delivery"])
    assert records() == {}


def test_a_record_that_cannot_be_made_reaches_no_application(records, logger, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logger.info("%d", "no number")
    logger.info("after")
    assert list(records()) == ["after"]


def test_a_provider_that_is_there_is_joined(monkeypatch):
    from opentelemetry.sdk._logs import LoggerProvider

    theirs = LoggerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(logs, "get_logger_provider", lambda: theirs)
    delivery = logs.LogDelivery(Resource.create(), timeout=5)
    assert delivery.provider is theirs
    delivery.shutdown(1)


def test_a_receiver_that_is_away_holds_the_end_of_a_process_up_no_longer_than_said(collector, monkeypatch, logger):
    import time

    collector.status = 503
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
    delivery = logs.LogDelivery(Resource.create(), timeout=30)
    before = dict(logs._state)
    logs.use(delivery)
    logger.info("lost")
    logs.use(before.get("delivery"))
    began = time.monotonic()
    delivery.shutdown(0.5)
    assert time.monotonic() - began < 10


def test_the_handler_of_the_readme_sends(records):
    import re
    from logging.config import dictConfig
    from pathlib import Path

    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    names = {}
    exec(re.search(r"<!-- test: logs -->\n```python\n(.*?)```", readme, re.DOTALL)[1], names)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    dictConfig(names["LOGGING"])
    logging.getLogger("shop.readme").info("by the readme")
    root.handlers, _ = before[0], root.setLevel(before[1])
    assert "by the readme" in records()


FORKING = """
import logging, os
from thebot_tracing import OTLPLogHandler, init_tracing
init_tracing()
logger = logging.getLogger("shop")
logger.addHandler(OTLPLogHandler())
logger.setLevel("INFO")
logger.info("parent")
child = os.fork()
logger.info("child" if child == 0 else "parent again")
if child == 0:
    from thebot_tracing.bootstrap import finish
    finish()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


def test_parent_and_child_of_a_fork_send_their_records_as_they_end(collector):
    bodies, answer = [], collector.answer

    def answered(path, body):
        if path == "/v1/logs":
            request = ExportLogsServiceRequest.FromString(body)
            scopes = [scope for resource in request.resource_logs for scope in resource.scope_logs]
            bodies.extend(record.body.string_value for scope in scopes for record in scope.log_records)
        return answer(path, body)

    collector.answer = answered
    env = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "DJANGO_"))}
    env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_LOGS_EXPORTER": "otlp", "PYTHONPATH": str(PACKAGE / "src")}
    subprocess.run([sys.executable, "-c", FORKING], env=env, check=True, timeout=60)
    assert sorted(bodies) == ["child", "parent", "parent again"]

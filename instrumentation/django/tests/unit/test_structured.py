"""Structured logs: the README's set-up writes JSON with correlation id and trace, of the application's and of Django's own loggers."""

import io
import json
import logging
import logging.config
import re
from pathlib import Path

import pytest

from thebot_tracing import add_tracing, correlation_id, get_tracer

structlog = pytest.importorskip("structlog")
README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


@pytest.fixture
def lines(exporter):
    """The README's settings, for the time of a test. Gives the lines that were logged since."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, structlog.get_config()
    names = {}
    exec(re.search(r"<!-- test: json -->\n```python\n(.*?)```", README, re.DOTALL)[1], names)
    logging.config.dictConfig(names["LOGGING"])
    (console,) = [handler for handler in root.handlers if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)]
    written = io.StringIO()
    console.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers, _ = before[0], root.setLevel(before[1])
    structlog.configure(**before[2])


def test_a_line_has_the_id_and_the_trace(lines):
    with correlation_id("json-1"), get_tracer("t").start_as_current_span("around") as span:
        structlog.get_logger("own").info("paid", amount=7)
        logging.getLogger("standard").warning("slow %s", "gateway")
    own, standard = [line for line in lines() if line["logger"] in ("own", "standard")]
    found = span.get_span_context()
    for line in (own, standard):
        assert (line["correlation_id"], line["trace_id"], line["span_id"]) == ("json-1", f"{found.trace_id:032x}", f"{found.span_id:016x}")
    assert (own["event"], own["amount"], own["level"]) == ("paid", 7, "info")
    assert (standard["event"], standard["level"]) == ("slow gateway", "warning")
    assert own["timestamp"].endswith("Z")


def test_what_django_logs_of_a_request_that_is_over_has_its_id(lines):
    from django.test import Client

    Client().get("/unknown/", headers={"X-Correlation-ID": "json-2"})
    (line,) = [line for line in lines() if line["event"] == "Not Found: /unknown/"]
    assert line["correlation_id"] == "json-2"
    assert len(line["trace_id"]) == 32


def test_outside_of_all_nothing_is_added_and_what_is_there_stays():
    assert add_tracing(None, "info", {"event": "x"}) == {"event": "x"}
    with correlation_id("json-3"):
        assert add_tracing(None, "info", {"correlation_id": "own"}) == {"correlation_id": "own"}

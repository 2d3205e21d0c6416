"""Every Python block of docs/EXAMPLE_USAGE.md runs, in its order, and leaves the spans that the text tells of."""

import pytest
from collector import Collector
from examples import TEXT, blocks
from opentelemetry.trace import StatusCode

CODE = blocks("python")


def test_every_block_of_the_document_is_run():
    assert TEXT.count("\n```python\n") == len(CODE)
    assert TEXT.count("\n```sh\n") == len(blocks("sh"))


@pytest.fixture(scope="module")
def ran(exporter):
    """{block: {span name: [span]}}; the blocks build on each other, as the document's reader would type them."""
    gateway = Collector()
    namespace = {"__name__": "docs.example", "gateway": gateway.endpoint}
    found = {}
    for name, text in CODE.items():
        exporter.clear()
        exec(compile(text, f"EXAMPLE_USAGE.md: {name}", "exec"), namespace)
        found[name] = {}
        for span in exporter.get_finished_spans():
            found[name].setdefault(span.name, []).append(span)
    gateway.stop()
    exporter.clear()
    return found


def one(spans, name):
    (span,) = spans[name]
    return span


def test_basics(ran):
    outer, inner = one(ran["basics"], "price the basket"), one(ran["basics"], "ask for a discount")
    assert inner.parent.span_id == outer.context.span_id
    assert dict(outer.attributes) == {"basket.items": 3, "basket.discount": 5}
    assert one(ran["decorator"], "convert currency")
    assert one(ran["correlation"], "import customers").attributes["correlation_id"] == "import-2026-11-22"


def test_chat(ran):
    span = one(ran["chat"], "send message")
    assert span.attributes["chat.length"] == 12
    assert [event.name for event in span.events] == ["message stored"]


def test_payments(ran):
    call, charge = one(ran["payments"], "POST"), one(ran["payments"], "charge card")
    assert call.parent.span_id == charge.context.span_id
    assert charge.parent.span_id == one(ran["payments"], "POST api/payments/").context.span_id
    assert charge.status.status_code is StatusCode.UNSET


def test_background_tasks(ran):
    task, order = one(ran["tasks"], "run/docs.example.send_receipt"), one(ran["tasks"], "order")
    assert task.context.trace_id == order.context.trace_id
    assert task.attributes["correlation_id"] == "order-77"
    assert "not for traces" not in str(dict(task.attributes))
    assert "[hidden]" in task.attributes["celery.kwargs"]
    assert task.attributes["celery.result"] == "receipt 7"
    settled, run = ran["links"]["settle account"], one(ran["links"], "nightly run")
    assert [span.links[0].context.span_id for span in settled] == [run.context.span_id] * 2
    assert len({span.context.trace_id for span in (*settled, run)}) == 3


def test_errors(ran):
    span = one(ran["errors"], "parse upload")
    assert span.status.status_code is StatusCode.ERROR
    assert span.events[0].attributes["exception.message"] == "line 3: no such column"
    handled = one(ran["handled"], "read profile")
    assert handled.status.status_code is StatusCode.UNSET
    assert handled.events[0].attributes["exception.type"] == "TimeoutError"


def test_performance(ran):
    assert len(ran["performance"]["count"]) == 3
    assert one(ran["performance"], "count at once").events[0].attributes["messages"] == 0

"""The way to the Collector: batches, outages, refusals, forks and exits. Nothing is lost silently."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from collector import Collector
from conftest import EXAMPLE
from opentelemetry.sdk.trace import TracerProvider

from thebot_tracing import fitting
from thebot_tracing.encode import EncodedSpanExporter, encode
from thebot_tracing.export import SpanDelivery


@pytest.fixture
def away():
    """One that refuses connections until it listens."""
    found = Collector(listening=False)
    yield found
    found.stop()


def deliver_to(endpoint, **options):
    """A provider of its own, and what it delivers with."""
    options = {"delay": 0.05, "exit_timeout": 5, **options}
    delivery = SpanDelivery(lambda session: EncodedSpanExporter(f"{endpoint}/v1/traces", session=session, timeout=1), **options)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(delivery)
    return provider.get_tracer("test"), delivery


def make(tracer, count):
    """Spans; returns their ids."""
    made = []
    for _ in range(count):
        with tracer.start_as_current_span("a") as span:
            made.append((f"{span.get_span_context().trace_id:032x}", f"{span.get_span_context().span_id:016x}"))
    return made


def eventually(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_every_span_arrives_once(collector):
    tracer, delivery = deliver_to(collector.endpoint, batch_size=100)
    made = make(tracer, 1234)
    assert delivery.force_flush(10_000)
    assert sorted(collector.spans) == sorted(made)
    assert (delivery.exported, delivery.dropped, delivery.waiting) == (1234, 0, 0)
    delivery.shutdown()


def test_a_span_arrives_by_itself_also_after_a_pause(collector):
    tracer, delivery = deliver_to(collector.endpoint)
    for count in (1, 2, 3):
        make(tracer, 1)
        eventually(lambda wanted=count: len(collector.spans) == wanted)
        # The thread waits for the next one now, and nothing else will wake it.
        eventually(lambda: delivery.waiting == 0)
        time.sleep(0.2)
    delivery.shutdown()


def test_an_outage_loses_nothing_that_fits_the_queue_and_no_span_waits(away, caplog):
    tracer, delivery = deliver_to(away.endpoint, batch_size=50)
    start = time.monotonic()
    made = make(tracer, 500)
    assert time.monotonic() - start < 1
    assert not delivery.force_flush(1500)
    assert re.search(r"not taken spans \(no answer \(.*Connection refused\)\); they are sent again", caplog.text)
    away.listen()
    assert delivery.force_flush(30_000)
    assert sorted(away.spans) == sorted(made)
    delivery.shutdown()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_collector_is_asked_again(collector, status):
    collector.status = status
    tracer, delivery = deliver_to(collector.endpoint)
    made = make(tracer, 10)
    assert not delivery.force_flush(1000)
    collector.status = 200
    assert delivery.force_flush(20_000)
    assert sorted(collector.spans) == sorted(made)
    delivery.shutdown()


def test_an_exit_tries_again_at_once_when_the_collector_is_back(collector):
    collector.status = 503
    tracer, delivery = deliver_to(collector.endpoint, exit_timeout=20)
    made = make(tracer, 1)
    # By now the back-off is two seconds, or four.
    eventually(lambda: collector.asked >= 4)
    collector.status = 200
    start = time.monotonic()
    delivery.shutdown()
    assert time.monotonic() - start < 1.5
    assert collector.spans == made


def test_what_overflows_the_queue_is_counted_and_reported(away, caplog):
    tracer, delivery = deliver_to(away.endpoint, queue_size=100, batch_size=100, exit_timeout=0.2)
    make(tracer, 350)
    # The batch under way is on top of the queue: it may have been taken out or not.
    assert 150 <= delivery.dropped <= 250
    assert delivery.dropped + delivery.waiting == 350
    delivery.shutdown()
    assert delivery.dropped == 350
    assert "spans dropped (350 in all by this process)" in caplog.text


def test_a_batch_has_at_most_half_the_largest_request_or_one_span(collector, monkeypatch):
    sizes = []
    send = EncodedSpanExporter.send

    def sent(exporter, batch):
        sizes.append([len(span.message) for span in batch])
        return send(exporter, batch)

    monkeypatch.setattr(EncodedSpanExporter, "send", sent)
    # What waits for longer than this is not sent for its number, or at the end.
    tracer, delivery = deliver_to(collector.endpoint, delay=60)
    for mebibytes in (0.5, 0.5, 0.75, 3, 1.5, 0.25, 0.1):
        tracer.start_span("a", attributes={"text": "a" * int(mebibytes * (1 << 20))}).end()
    eventually(lambda: len(collector.spans) >= 4)
    assert delivery.force_flush(20_000)
    assert [[round(size / (1 << 20), 2) for size in batch] for batch in sizes] == [[0.5, 0.5, 0.75], [3], [1.5, 0.25, 0.1]]
    assert (delivery.exported, delivery._bytes) == (7, 0)
    delivery.shutdown()


def test_what_overflows_the_bytes_of_the_queue_is_counted(away, caplog):
    tracer, delivery = deliver_to(away.endpoint, queue_bytes=1 << 20, delay=60, exit_timeout=0.2)
    for _ in range(4):
        tracer.start_span("a", attributes={"text": "a" * 300_000}).end()
    make(tracer, 5)
    assert (delivery.dropped, delivery.waiting) == (1, 8)
    delivery.shutdown()
    assert delivery.dropped == 9
    assert "1 queue_full; the queue has room for 10000 spans and 1 MiB" in caplog.text
    assert "8 process_ended" in caplog.text


@pytest.mark.parametrize(("spans", "mebibytes"), [(100, 64), (10_000, 64), (200_000, 1280)])
def test_a_longer_queue_has_room_for_more_bytes(spans, mebibytes):
    _, delivery = deliver_to("http://127.0.0.1:9", queue_size=spans)
    assert delivery._queue_bytes == mebibytes << 20


@pytest.mark.parametrize("status", [301, 302, 400, 404])
def test_a_refused_batch_is_counted_and_does_not_block_the_next(collector, caplog, status):
    collector.status = status
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 5)
    assert delivery.force_flush(20_000)
    assert (delivery.exported, delivery.dropped) == (0, 5)
    assert f"status {status}" in caplog.text
    collector.status = 200
    make(tracer, 7)
    assert delivery.force_flush(20_000)
    assert (delivery.exported, delivery.dropped) == (7, 5)
    delivery.shutdown()


def test_a_span_that_cannot_be_encoded_is_counted_and_does_not_stop_the_others(collector, caplog, monkeypatch):
    def fail(span):
        return encode(span) if span.name == "a" else 1 / 0

    monkeypatch.setattr(fitting, "encode", fail)
    tracer, delivery = deliver_to(collector.endpoint)
    tracer.start_span("bad").end()
    made = make(tracer, 3)
    assert delivery.force_flush(10_000)
    assert sorted(collector.spans) == sorted(made)
    assert (delivery.exported, delivery.dropped) == (3, 1)
    assert "cannot be encoded" in caplog.text
    delivery.shutdown()


@pytest.fixture
def no_threads(monkeypatch):
    """A context in which no thread can start, as at a limit of processes."""

    def start(_thread):
        raise RuntimeError("can't start new thread")

    @contextmanager
    def context():
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", start)
            yield

    return context


def test_no_span_fails_where_no_thread_can_start(collector, no_threads, caplog):
    tracer, delivery = deliver_to(collector.endpoint)
    with no_threads():
        made = make(tracer, 2)
    assert "can't start new thread" in caplog.text
    assert delivery.waiting == 2
    made += make(tracer, 1)
    assert delivery.force_flush(20_000)
    assert sorted(collector.spans) == sorted(made)
    delivery.shutdown()


def test_an_exit_without_a_thread_counts_what_is_lost(no_threads, collector, caplog):
    tracer, delivery = deliver_to(collector.endpoint)
    with no_threads():
        make(tracer, 2)
        delivery.shutdown()
    assert delivery.dropped == 2
    assert "spans dropped (2 in all by this process)" in caplog.text


def test_a_flush_and_an_exit_keep_to_their_time(away):
    tracer, delivery = deliver_to(away.endpoint, exit_timeout=0.5)
    make(tracer, 5)
    start = time.monotonic()
    assert not delivery.force_flush(300)
    delivery.shutdown()
    assert time.monotonic() - start < 3


def test_a_forked_child_sends_its_own_spans_and_not_the_parents(collector):
    tracer, delivery = deliver_to(collector.endpoint, delay=30)
    make(tracer, 3)
    assert delivery.force_flush(20_000)
    queued = make(tracer, 5)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            # A child that hangs ends, and the test with it.
            signal.alarm(60)
            own = make(tracer, 4)
            done = delivery.force_flush(20_000)
            os.write(writer, repr((own, done, delivery.exported)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    own, done, exported = eval(os.read(reader, 65536).decode())
    assert (done, exported) == (True, 4)
    assert collector.spans[3:] == own
    assert delivery.force_flush(20_000)
    assert sorted(collector.spans[7:]) == sorted(queued)
    delivery.shutdown()


PROGRAM = """
import os, django
django.setup()
from config.tracing import get_tracer
from thebot_tracing.bootstrap import delivery
def tell(span):
    # In one write: the processes share a pipe.
    os.write(1, f"{span.get_span_context().trace_id:032x}\\n".encode())
with get_tracer("t").start_as_current_span("of the parent") as span:
    tell(span)
delivery().force_flush()
for _ in range(2):
    if os.fork() == 0:
        with get_tracer("t").start_as_current_span("of a child") as span:
            tell(span)
        raise SystemExit(0)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
"""


def run(program, **environ):
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "OTEL_TRACES_EXPORTER": "otlp", **environ}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=EXAMPLE, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def test_processes_flush_when_they_end_and_each_is_an_instance(collector):
    result = run(PROGRAM, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_BSP_SCHEDULE_DELAY="60000")
    assert result.returncode == 0, result.stderr
    assert sorted(trace_id for trace_id, _ in collector.spans) == sorted(result.stdout.split())
    assert len(collector.spans) == 3
    instances = [resource["service.instance.id"] for resource in collector.resources]
    assert len(set(instances)) == 3
    assert {resource["service.name"] for resource in collector.resources} == {"thebot-platform"}


def test_a_process_that_ends_at_once_has_sent_its_span(collector):
    program = "import django; django.setup()\nfrom config.tracing import get_tracer\nget_tracer('t').start_span('only').end()"
    result = run(program, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_BSP_SCHEDULE_DELAY="60000")
    assert (result.returncode, result.stderr) == (0, "")
    assert len(collector.spans) == 1


MULTIPROCESSING_PROGRAM = """
import multiprocessing, os, time, django
django.setup()
from config.tracing import get_tracer
def work():
    with get_tracer("t").start_as_current_span("of a child") as span:
        os.write(1, f"{span.get_span_context().trace_id:032x}\\n".encode())
children = [multiprocessing.get_context("fork").Process(target=work) for _ in range(2)]
for child in children:
    child.start()
for child in children:
    child.join()
began = time.monotonic()
import atexit
atexit._run_exitfuncs()
assert time.monotonic() - began < 4, "the end waits for nothing"
"""


def test_children_of_multiprocessing_flush_though_they_end_without_exit_handlers(collector):
    result = run(MULTIPROCESSING_PROGRAM, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_BSP_SCHEDULE_DELAY="60000")
    assert result.returncode == 0, result.stderr
    assert len(collector.spans) == 2
    assert sorted(trace_id for trace_id, _ in collector.spans) == sorted(result.stdout.split())


def test_bad_settings_stop_the_start_with_all_errors():
    result = run("import django; django.setup()", TRACING_SAMPLE_PERCENTAGE="ten", OTEL_BSP_SCHEDULE_DELAY="soon")
    assert result.returncode != 0
    assert "TRACING_SAMPLE_PERCENTAGE: found 'ten'" in result.stderr
    assert "OTEL_BSP_SCHEDULE_DELAY: found 'soon'" in result.stderr


def test_switched_off_no_span_is_made_and_ids_work(collector):
    program = "import django; django.setup()\nfrom django.test import Client\nprint(Client().get('/gateway/charge/')['X-Correlation-ID'])"
    result = run(program, OTEL_SDK_DISABLED="true", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    assert len(result.stdout.strip()) == 36, result.stderr
    assert collector.asked == 0


METRICS_PROGRAM = """
import os, signal, threading, time, django
django.setup()
from config.tracing import get_meter
from thebot_tracing.bootstrap import _state
counter = get_meter("t").create_counter("c")
signal.alarm(40)
for _ in range(60):
    counter.add(1)
    if os.fork() == 0:
        counter.add(1)
        flushed = _state["meter_provider"].force_flush(20_000)
        os._exit(0 if flushed else 1)
    assert os.wait()[1] == 0, "the child could not flush"
print("all flushed")
"""


def test_a_fork_while_metrics_are_exported_does_not_hang_the_child(collector):
    """The SDK's own reader hangs here: Celery forks a process for every `max_tasks_per_child` tasks."""
    result = run(
        METRICS_PROGRAM, OTEL_METRICS_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint, OTEL_METRIC_EXPORT_INTERVAL="100"
    )
    assert result.stdout == "all flushed\n", result.stderr
    assert collector.asked >= 60

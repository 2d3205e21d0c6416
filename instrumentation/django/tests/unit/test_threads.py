"""Locks and threads from before gevent's patch, and from before a fork."""

import importlib.util
import os
import subprocess
import sys

import pytest
from collector import Collector

# What a background thread imports, a fork may fall into: the child then has the module's lock, and nobody to release it.
IMPORTS = """
import importlib.abc, sys, threading, time
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from thebot_tracing.encode import EncodedSpanExporter
from thebot_tracing.export import SpanDelivery
from thebot_tracing.metric_reader import ForkSafeMetricReader, MetricExporter
from thebot_tracing.remote import JaegerRemoteSampler
from thebot_tracing.session import ExportSession

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if threading.current_thread() is not threading.main_thread():
            print("imported", name)

endpoint = sys.argv[1].replace("127.0.0.1", "localhost")
delivery = SpanDelivery(lambda session: EncodedSpanExporter(f"{endpoint}/v1/traces", session=session), delay=0.05)
reader = ForkSafeMetricReader(MetricExporter(f"{endpoint}/v1/metrics", session=ExportSession()), 0.2, 5)
provider = TracerProvider(sampler=JaegerRemoteSampler(endpoint, "s", initial_percent=100), shutdown_on_exit=False)
provider.add_span_processor(delivery)
counter = MeterProvider(metric_readers=[reader], shutdown_on_exit=False).get_meter("t").create_counter("c")
sys.meta_path.insert(0, Finder())
provider.get_tracer("t").start_span("a").end()
counter.add(1)
time.sleep(2)
print("done")
"""

# As a preloading server does it: the application, a fork, and the patch in the child.
PROGRAM = """
import os, signal, sys
import gevent, gevent.monkey
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from thebot_tracing.encode import EncodedSpanExporter
from thebot_tracing.export import SpanDelivery
from thebot_tracing.metric_reader import ForkSafeMetricReader, MetricExporter
from thebot_tracing.remote import JaegerRemoteSampler
from thebot_tracing.session import ExportSession

endpoint = sys.argv[1]
delivery = SpanDelivery(lambda session: EncodedSpanExporter(f"{endpoint}/v1/traces", session=session), delay=0.05)
sampler = JaegerRemoteSampler(endpoint, "s", initial_percent=100)
provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
provider.add_span_processor(delivery)
tracer = provider.get_tracer("t")
reader = ForkSafeMetricReader(MetricExporter(f"{endpoint}/v1/metrics", session=ExportSession()), 60, 5)
counter = MeterProvider(metric_readers=[reader], shutdown_on_exit=False).get_meter("t").create_counter("c")
if "before" in sys.argv:
    tracer.start_span("before").end()
if "fork" in sys.argv and os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
signal.alarm(40)
gevent.monkey.patch_all()

def request(i):
    reader.renew()
    tracer.start_span("a").end()
    counter.add(1)
    gevent.sleep(0)
    tracer.start_span("a").end()

for _ in range(3):
    requests = [gevent.spawn(request, i) for i in range(20)]
    gevent.joinall(requests, raise_error=True)
    gevent.sleep(0.2)
    assert delivery.force_flush(10_000)
assert reader.force_flush(10_000)
delivery.shutdown()
reader.shutdown()
assert delivery.dropped == 0, delivery.dropped
print("done")
"""


# To import it here would make the threads of later tests wait for a patch.
needs_gevent = pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")


@needs_gevent
@pytest.mark.parametrize("options", [("fork",), ("fork", "before"), (), ("before",)], ids=" ".join)
def test_locks_follow_the_threads_when_gevent_replaces_them(options):
    collector = Collector()
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, collector.endpoint, *options],
        env=os.environ, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert "done" in result.stdout, result.stderr
    assert [span.name for span in collector.named].count("a") == 120
    assert [metric.sum.data_points[0].as_int for metric in collector.metrics][-1] == 60
    collector.stop()


# A library may load gevent that nobody uses.
LOADED = """
import sys, time
import gevent
from opentelemetry.sdk.metrics import MeterProvider
from thebot_tracing.metric_reader import ForkSafeMetricReader, MetricExporter
from thebot_tracing.session import ExportSession

reader = ForkSafeMetricReader(MetricExporter(f"{sys.argv[1]}/v1/metrics", session=ExportSession()), 0.1, 5)
MeterProvider(metric_readers=[reader], shutdown_on_exit=False).get_meter("t").create_counter("c").add(1)
time.sleep(0.5)
print(reader._thread)
reader.renew()
time.sleep(2)
"""


@needs_gevent
def test_metrics_are_sent_by_and_by_where_gevent_is_loaded_and_not_used(collector):
    result = subprocess.run([sys.executable, "-c", LOADED, collector.endpoint], capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout == "None\n", result.stderr
    assert [metric.name for metric in collector.metrics][:2] == ["c", "c"]


def test_no_thread_of_the_package_imports_a_module():
    collector = Collector()
    result = subprocess.run([sys.executable, "-c", IMPORTS, collector.endpoint], capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout == "done\n", result.stdout + result.stderr
    assert collector.named
    assert collector.metrics
    collector.stop()

"""The way of metrics to the Collector: the last values too."""

import threading
import time

import pytest
from collector import Collector
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult

from thebot_tracing.metric_reader import ForkSafeMetricReader, MetricExporter
from thebot_tracing.metric_views import views
from thebot_tracing.session import ExportSession


class SlowExporter(MetricExporter):
    """An exporter that is held up; `values` has what each export brought of the counter."""

    def __init__(self):
        super().__init__()
        self.values = []
        self.busy = threading.Event()
        self.go = threading.Event()

    def export(self, metrics_data, timeout_millis=10_000, **kwargs):
        (point,) = metrics_data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
        self.busy.set()
        self.go.wait(20)
        time.sleep(0.2)
        self.values.append(point.value)
        return MetricExportResult.SUCCESS

    export_once = export


@pytest.fixture
def held_up():
    """Exporter, counter and reader, while an export of the value 1 is under way."""
    exporter = SlowExporter()
    reader = ForkSafeMetricReader(exporter, interval=0.2, exit_timeout=20)
    counter = MeterProvider(metric_readers=[reader], shutdown_on_exit=False).get_meter("t").create_counter("c")
    counter.add(1)
    assert exporter.busy.wait(20)
    counter.add(1)
    yield exporter, reader
    exporter.go.set()
    reader.shutdown()


def test_a_flush_brings_what_was_measured_while_an_export_was_under_way(held_up):
    exporter, reader = held_up
    assert not reader.force_flush(100)
    threading.Timer(0.2, exporter.go.set).start()
    assert reader.force_flush(20_000)
    assert exporter.values[-1] == 2


def test_the_end_brings_it_too(held_up):
    exporter, reader = held_up
    # No other export than the last one comes in time.
    reader._interval = 60
    threading.Timer(0.2, exporter.go.set).start()
    reader.shutdown()
    assert exporter.values == [1, 2]


def test_a_flush_after_the_end_waits_for_nothing(held_up):
    exporter, reader = held_up
    exporter.go.set()
    reader.shutdown()
    start = time.monotonic()
    assert reader.force_flush()
    assert time.monotonic() - start < 1


def test_a_redirect_is_no_delivery():
    collector = Collector()
    collector.status = 302
    exporter = MetricExporter(f"{collector.endpoint}/v1/metrics", session=ExportSession(), timeout=5)
    reader = InMemoryMetricReader()
    MeterProvider(metric_readers=[reader], shutdown_on_exit=False).get_meter("t").create_counter("c").add(1)
    data = reader.get_metrics_data()
    assert exporter.export(data) is MetricExportResult.FAILURE
    collector.status = 200
    assert exporter.export(data) is MetricExportResult.SUCCESS
    collector.stop()


def test_hosts_that_clients_name_are_no_time_series():
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False, views=views())
    duration = provider.get_meter("t").create_histogram("http.server.duration")
    for i in range(1000):
        duration.record(
            1, {"http.method": "GET", "http.target": "seen/", "http.host": f"h{i}", "net.host.name": f"h{i}", "http.server_name": f"h{i}"}
        )
    (metric,) = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    (point,) = metric.data.data_points
    assert (dict(point.attributes), point.count) == ({"http.method": "GET", "http.target": "seen/"}, 1000)

"""The way of metrics to the Collector: the last values too."""

import threading
import time

import pytest
from collector import Collector
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult

from thebot_tracing.metric_exporter import MetricExporter
from thebot_tracing.metric_reader import ForkSafeMetricReader
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


def measured(**values):
    """Counters of these names."""
    reader = InMemoryMetricReader()
    meter = MeterProvider(metric_readers=[reader], shutdown_on_exit=False).get_meter("t")
    for name, value in values.items():
        meter.create_counter(name).add(value)
    return reader.get_metrics_data()


def exporter_to(collector):
    return MetricExporter(f"{collector.endpoint}/v1/metrics", session=ExportSession(), timeout=5)


def test_a_value_that_no_message_can_hold_costs_no_other_metric(collector, caplog):
    exporter = exporter_to(collector)
    assert exporter.export(measured(good=1, bad=1 << 70, other=1)) is MetricExportResult.FAILURE
    assert {metric.name for metric in collector.metrics} == {"good", "other"}
    assert "1 of 3 metrics cannot be sent" in caplog.text


@pytest.mark.parametrize("status", [400, 413])
def test_a_metric_that_is_refused_costs_no_other(collector, caplog, status):
    exporter = exporter_to(collector)
    collector.judge_metrics = lambda names: (status if "bad" in names else 200, b"")
    assert exporter.export(measured(good=1, bad=1, other=1)) is MetricExportResult.FAILURE
    assert {metric.name for metric in collector.metrics} == {"good", "other"}
    assert "1 of 3 metrics cannot be sent" in caplog.text


def test_a_refusal_of_the_sender_is_not_asked_for_each_metric(collector):
    collector.status = 401
    assert exporter_to(collector).export(measured(a=1, b=1)) is MetricExportResult.FAILURE
    assert collector.asked == 1


def test_many_values_are_several_requests(collector):
    reader = InMemoryMetricReader()
    counter = MeterProvider(metric_readers=[reader], shutdown_on_exit=False).get_meter("t").create_counter("c")
    for at in range(1900):
        counter.add(1, {"at": at})
    data = reader.get_metrics_data()
    exporter = exporter_to(collector)
    exporter._max_export_batch_size = 1000
    assert exporter.export(data) is MetricExportResult.SUCCESS
    assert collector.asked == 2
    assert sum(len(metric.sum.data_points) for metric in collector.metrics) == 1900


def test_what_a_partial_success_rejects_is_told(collector, caplog):
    answer = ExportMetricsServiceResponse()
    answer.partial_success.rejected_data_points = 2
    answer.partial_success.error_message = "too old"
    collector.judge_metrics = lambda _names: (200, answer.SerializeToString())
    assert exporter_to(collector).export(measured(a=1)) is MetricExportResult.SUCCESS
    assert "the Collector has rejected 2 values of metrics: too old" in caplog.text


def test_an_answer_that_is_no_message_is_told(collector, caplog):
    collector.judge_metrics = lambda _names: (200, b"<html>Welcome</html>")
    assert exporter_to(collector).export(measured(a=1)) is MetricExportResult.SUCCESS
    assert "does the endpoint name a Collector?" in caplog.text


def test_the_last_export_is_tried_once(collector):
    collector.status = 503
    exporter = exporter_to(collector)
    exporter.try_once()
    start = time.monotonic()
    assert exporter.export(measured(a=1)) is MetricExportResult.FAILURE
    assert time.monotonic() - start < 0.5
    assert collector.asked == 1


def test_a_busy_collector_is_asked_again_when_it_says(collector):
    collector.status, collector.headers = 503, {"Retry-After": "1"}
    threading.Timer(0.5, lambda: setattr(collector, "status", 200)).start()
    assert exporter_to(collector).export(measured(a=1)) is MetricExportResult.SUCCESS
    assert (collector.asked, len(collector.metrics)) == (2, 1)


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

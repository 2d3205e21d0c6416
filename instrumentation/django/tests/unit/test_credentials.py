"""What the receiver asks for: the token of each export, from the environment or a file, and what its refusal means."""

import logging

import pytest
from opentelemetry.sdk.resources import Resource

from thebot_tracing import SettingsError, logs
from thebot_tracing.metric_exporter import MetricExporter
from thebot_tracing.reports import Loss
from thebot_tracing.session import ExportSession
from thebot_tracing.settings import load_settings
from unit.test_export import deliver_to, make
from unit.test_metrics import measured

first, second = "f" * 40, "s" * 40


@pytest.fixture
def token_file(tmp_path, monkeypatch):
    path = tmp_path / "token"
    path.write_text(first + "\n")
    monkeypatch.setenv("TRACING_OTLP_TOKEN_FILE", str(path))
    return path


def sent(collector):
    return [authorization for _path, authorization in collector.authorizations]


def export_metrics(collector):
    exporter = MetricExporter(f"{collector.endpoint}/v1/metrics", session=ExportSession(), timeout=5)
    exporter.export(measured(good=1))
    exporter.shutdown()


def export_a_log_record(collector, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
    delivery = logs.LogDelivery(Resource.get_empty(), timeout=5)
    delivery.provider.get_logger("shop").emit(body="paid")
    delivery.shutdown(10)


def test_headers_of_the_environment_are_sent_with_spans_metrics_and_logs(collector, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"authorization=Bearer%20{first}")
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 1)
    assert delivery.force_flush(10_000)
    delivery.shutdown()
    export_metrics(collector)
    export_a_log_record(collector, monkeypatch)
    assert collector.authorizations == [(f"/v1/{signal}", f"Bearer {first}") for signal in ("traces", "metrics", "logs")]


def test_a_token_that_is_replaced_in_its_file_goes_with_the_next_export(collector, token_file, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20other")
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 1)
    assert delivery.force_flush(10_000)
    token_file.write_text(second)
    make(tracer, 1)
    assert delivery.force_flush(10_000)
    delivery.shutdown()
    export_metrics(collector)
    export_a_log_record(collector, monkeypatch)
    assert sent(collector) == [f"Bearer {first}", *[f"Bearer {second}"] * 3]


def test_a_file_that_is_away_leaves_the_last_token_in_use_and_is_told(collector, token_file, caplog):
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 1)
    assert delivery.force_flush(10_000)
    token_file.unlink()
    make(tracer, 1)
    assert delivery.force_flush(10_000)
    delivery.shutdown()
    assert sent(collector) == [f"Bearer {first}"] * 2
    assert "has no bearer token" in caplog.text
    assert first not in caplog.text


def test_a_refused_credential_is_final_and_told_once(collector, caplog):
    collector.status = 401
    tracer, delivery = deliver_to(collector.endpoint)
    for _ in range(3):
        make(tracer, 5)
        assert delivery.force_flush(10_000)
    delivery.shutdown()
    assert delivery.losses.counts[Loss.UNWELCOME] == 15
    assert collector.asked == 3
    assert len([record for record in caplog.records if "status 401" in record.message and record.levelno == logging.WARNING]) == 1


def test_a_sender_above_its_limits_comes_back_when_it_is_told_to(collector):
    collector.status, collector.headers = 429, {"Retry-After": "1"}
    tracer, delivery = deliver_to(collector.endpoint)
    make(tracer, 5)
    assert not delivery.force_flush(500)
    collector.status, collector.headers = 200, {}
    assert delivery.force_flush(10_000)
    delivery.shutdown()
    assert (delivery.exported, delivery.dropped) == (5, 0)
    assert collector.times[1] - collector.times[0] >= 0.9


@pytest.mark.parametrize("content", ["", "two words", "tökén", None])
def test_a_file_without_a_token_is_an_error_of_the_settings(tmp_path, content):
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings({"TRACING_OTLP_TOKEN_FILE": str(path)}, object())
    allowed = "a readable file with a bearer token (RFC 6750)"
    assert caught.value.errors == [f"TRACING_OTLP_TOKEN_FILE: found {str(path)!r}; allowed is {allowed}"]

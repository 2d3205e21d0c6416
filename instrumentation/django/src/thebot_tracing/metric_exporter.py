"""The exporter of metrics: what one metric is refused for costs no other one."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData

from .answers import OF_CONTENT, answer_of, message_of
from .reports import Reports
from .session import ExportSession

# Of one request: far below a receiver's limit in bytes.
_MOST_POINTS = 5000


class MetricExporter(OTLPMetricExporter):
    """The OTLP exporter over HTTP, which sends metrics one by one where they are refused together, and reports what was not taken.

    Args:
        endpoint: URL that metrics are posted to. Default: the environment's.
        session: sends, and tells what came of it.
        timeout: seconds that one export may take. Default: the exporter's own.
    """

    def __init__(self, endpoint: str | None = None, *, session: ExportSession | None = None, timeout: float | None = None) -> None:
        self._answers = session or ExportSession()
        self._reports = Reports(logging.getLogger(__name__))
        super().__init__(endpoint, session=self._answers, timeout=timeout, max_export_batch_size=_MOST_POINTS)

    def export(self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: Any) -> MetricExportResult:
        """Send; success where all of it was taken."""
        if self._sent(metrics_data):
            return MetricExportResult.SUCCESS
        # Nothing was asked where a metric holds what no message can, such as a number beyond 64 bits.
        if not self._asked or self._answers.status in OF_CONTENT:
            single = list(_single(metrics_data))
            taken = [self._sent(part) for part in single] if len(single) > 1 else []
            self._reports.tell("refused", logging.WARNING, "%d of %d metrics cannot be sent", len(single) - sum(taken), len(single))
        return MetricExportResult.FAILURE

    def try_once(self) -> None:
        """Send without another try from now on: those would outlast a process that ends."""
        self._client._shutdown_event.set()

    def _sent(self, data: MetricsData) -> bool:
        before = self._answers.attempts
        taken = super().export(data) is MetricExportResult.SUCCESS
        self._asked = self._answers.attempts > before
        if taken:
            self._tell_what_was_rejected()
        return taken

    def _tell_what_was_rejected(self) -> None:
        answer = message_of(self._answers, ExportMetricsServiceResponse)
        if answer is None:
            text = "what answers speaks no OTLP (%s): does the endpoint name a Collector?"
            self._reports.tell("answer", logging.WARNING, text, answer_of(self._answers).text)
        elif answer.partial_success.rejected_data_points > 0 or answer.partial_success.error_message:
            found = answer.partial_success
            text = "the Collector has rejected %d values of metrics: %s"
            self._reports.tell("rejected", logging.WARNING, text, found.rejected_data_points, found.error_message)


def _single(data: MetricsData) -> Iterator[MetricsData]:
    """Each metric by itself."""
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                alone = dataclasses.replace(scope, metrics=[metric])
                yield MetricsData([dataclasses.replace(resource, scope_metrics=[alone])])

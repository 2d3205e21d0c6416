"""Optional export of log records by OTLP, with correlation id, trace and span.

OpenTelemetry's classes of logs are behind names with an underscore, as their API is not declared stable.
"""

from __future__ import annotations

import logging
import threading
import traceback
from typing import Any

from opentelemetry import context, trace
from opentelemetry._logs import LoggerProvider as AnyLoggerProvider
from opentelemetry._logs import LogRecord, SeverityNumber, get_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan

from .correlation import KEY, SPAN_CONTEXT, get_correlation_id, valid
from .redact import LONGEST_TEXT
from .session import ExportSession

# Severities of the specification, by the lowest level of Python's logging that has them.
_SEVERITIES = (
    (logging.CRITICAL, SeverityNumber.FATAL, "FATAL"),
    (logging.ERROR, SeverityNumber.ERROR, "ERROR"),
    (logging.WARNING, SeverityNumber.WARN, "WARN"),
    (logging.INFO, SeverityNumber.INFO, "INFO"),
    (logging.DEBUG, SeverityNumber.DEBUG, "DEBUG"),
    (0, SeverityNumber.TRACE, "TRACE"),
)
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", KEY, "trace_id", "span_id"}
_state: dict[str, LogDelivery] = {}


class LogDelivery:
    """Brings log records to the receiver: in batches, from a thread of each process.

    Args:
        resource: describes the service.
        timeout: longest time of one export, in seconds.
    """

    def __init__(self, resource: Resource, timeout: float) -> None:
        found = get_logger_provider()
        self._own: LoggerProvider | None = None
        if isinstance(found, LoggerProvider):
            # That of another set-up, such as `opentelemetry-instrument`.
            self.provider: AnyLoggerProvider = found
            return
        self._own = self.provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self._exporter = OTLPLogExporter(session=ExportSession(), timeout=timeout)
        self._own.add_log_record_processor(BatchLogRecordProcessor(self._exporter))

    def shutdown(self, timeout: float) -> None:
        """Send what waits, at most for `timeout` seconds."""
        if self._own is None:
            return
        thread = threading.Thread(target=self._own.shutdown, name="LogDelivery.shutdown", daemon=True)
        thread.start()
        thread.join(timeout)


def use(delivery: LogDelivery | None) -> None:
    """Send records of handlers by this; None: by none."""
    _state.clear()
    if delivery is not None:
        _state["delivery"] = delivery


class OTLPLogHandler(logging.Handler):
    """Sends log records by OTLP if OTEL_LOGS_EXPORTER is `otlp`; otherwise it does nothing.

    A record has the body (through the handler's formatter, if it has one), severity, trace, span, `correlation_id`, the place in the code,
    the exception, and the values of `extra` that are text, numbers or booleans.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        delivery = _state.get("delivery")
        # What the export itself logs would cause further exports.
        if delivery is None or not is_instrumentation_enabled():
            return
        try:
            delivery.provider.get_logger(record.name).emit(self._translated(record))
        except Exception:  # noqa: BLE001 - as each handler of Python's: `logging.raiseExceptions` decides
            self.handleError(record)

    def _translated(self, record: logging.LogRecord) -> LogRecord:
        request = getattr(record, "request", None)
        around = context.get_current()
        sent = getattr(request, SPAN_CONTEXT, None)
        if sent is not None and not trace.get_current_span().get_span_context().is_valid:
            # What Django logs of a request that is over.
            around = trace.set_span_in_context(NonRecordingSpan(sent), around)
        severity, text = next((number, text) for level, number, text in _SEVERITIES if record.levelno >= level)
        return LogRecord(
            timestamp=int(record.created * 1e9),
            context=around,
            severity_number=severity,
            severity_text=text,
            body=self.format(record) if self.formatter else record.getMessage(),
            attributes=_attributes(record, get_correlation_id() or getattr(request, KEY, None)),
        )


def _attributes(record: logging.LogRecord, correlation_id: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "code.file.path": record.pathname,
        "code.function.name": record.funcName,
        "code.line.number": record.lineno,
    }
    found |= {key: value for key, value in vars(record).items() if key not in _OWN and isinstance(value, (str, bool, int, float))}
    if valid(correlation_id):
        found[KEY] = correlation_id
    if record.exc_info and record.exc_info[0] is not None:
        kind, error, _ = record.exc_info
        found["exception.type"] = kind.__qualname__
        found["exception.message"] = str(error)[:LONGEST_TEXT]
        found["exception.stacktrace"] = "".join(traceback.format_exception(*record.exc_info))
    return found

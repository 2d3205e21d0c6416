"""The reader that brings metrics to the Collector, made for processes that fork.

The SDK's periodic reader exports under a lock. If a fork happens during an export, the child inherits a lock that nobody will release, and
hangs at its next flush: seen with Celery's `max_tasks_per_child`, whose parent forks all the time. Here no fork happens while metrics
are collected, and no lock is held while they are exported.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.metrics.export import MetricReader, MetricsData

from .metric_exporter import MetricExporter
from .threads import here, may_change

_logger = logging.getLogger(__name__)


class ForkSafeMetricReader(MetricReader):
    """Collect and export every `interval` seconds, from a thread of each process.

    Args:
        exporter: sends the metrics.
        interval: seconds between two exports.
        exit_timeout: longest wait at exit and for a flush, in seconds.
    """

    def __init__(self, exporter: MetricExporter, interval: float, exit_timeout: float) -> None:
        super().__init__(exporter._preferred_temporality, exporter._preferred_aggregation)
        self._exporter = exporter
        self._interval = interval
        self._exit_timeout = exit_timeout
        # Held while metrics are collected: the locks of the SDK's instruments are held then.
        self._collecting = threading.Lock()
        self._collected: MetricsData | None = None
        self._begin()
        own = weakref.ref(self)

        def before() -> None:
            if (reader := own()) is not None:
                reader._collecting.acquire()

        def in_parent() -> None:
            if (reader := own()) is not None:
                reader._collecting.release()

        def in_child() -> None:
            if (reader := own()) is not None:
                reader._collecting = threading.Lock()
                if not reader._ended:
                    reader._begin()

        os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)

    def _begin(self) -> None:
        """Begin in this place. Where its threads are about to be replaced, `renew` starts the thread."""
        self._place = here()
        self._ended = False
        self._changed = threading.Condition()
        # Exports are numbered, so that a flush can wait for one that began after it was asked for.
        self._wanted = 0
        self._begun = 0
        self._done = 0
        self._thread: threading.Thread | None = None
        if may_change():
            return
        thread = threading.Thread(target=self._run, args=(self._place,), name="ForkSafeMetricReader", daemon=True)
        try:
            thread.start()
            self._thread = thread
        except RuntimeError as error:
            _logger.error("metrics are sent at the end of the process only, as their thread does not start: %s", error)

    def renew(self) -> None:
        """Go on in another place, if this is one; see `threads`. It costs next to nothing: it is called with each request."""
        if self._place != here() and not self._ended:
            self._collecting = threading.Lock()
            self._begin()

    def _run(self, place: object) -> None:
        last = False
        while not last:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._wanted > self._begun or self._place != place, self._interval)
                if self._place != place:
                    return
                # What begins from here on has all that was measured before the end.
                last = self._ended
                self._begun += 1
            self._export(last)
            with self._changed:
                self._done = self._begun
                self._changed.notify_all()

    def _export(self, last: bool) -> None:
        try:
            with self._collecting:
                self.collect()
                data, self._collected = self._collected, None
            if data is not None and data.resource_metrics:
                with suppress_instrumentation():
                    (self._exporter.export_once if last else self._exporter.export)(data)
        except Exception:
            _logger.exception("metrics could not be collected or sent")

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:
        self._collected = metrics_data

    def force_flush(self, timeout_millis: float | None = None) -> bool:
        """Export now; True where it was done in time, whether the Collector took it or not."""
        if self._ended:
            return True
        if self._place != here():
            if self._place.pid != os.getpid():  # A fork that bypassed Python: this process has no thread.
                return False
            self.renew()
        if self._thread is None:
            self._export(last=True)
            return True
        with self._changed:
            wanted = self._wanted = self._begun + 1
            self._changed.notify_all()
            return self._changed.wait_for(
                lambda: self._done >= wanted, self._exit_timeout if timeout_millis is None else timeout_millis / 1000
            )

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Export a last time, at most for the exit timeout."""
        if self._ended:
            return
        if self._place != here():
            if self._place.pid != os.getpid():
                self._ended = True
                return
            self.renew()
        began = time.monotonic()
        if self._thread is None:
            self._ended = True
            self._export(last=True)
            return
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(min(self._exit_timeout, timeout_millis / 1000))
        if self._thread.is_alive():
            _logger.warning("the last metrics of this process were not taken within %.0f s", time.monotonic() - began)

"""The reader that brings metrics to the Collector, made for processes that fork.

The SDK's periodic reader exports under a lock. If a fork happens during an export, the child inherits a lock that nobody will release, and
hangs at its next flush: seen with Celery's `max_tasks_per_child`, whose parent forks all the time. Here a child has locks of its own, and
no fork happens while metrics are collected: the locks of the SDK's instruments are held then.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.metrics.export import MetricReader, MetricsData

from .metric_exporter import MetricExporter
from .threads import Place, here, may_change

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
        self._collected: MetricsData | None = None
        self._over = False
        self._begin()
        own = weakref.ref(self)

        def hook(step: Callable[[ForkSafeMetricReader], object]) -> Callable[[], object]:
            return lambda: (reader := own()) and step(reader)

        os.register_at_fork(
            before=hook(lambda reader: reader._collecting.acquire()),
            after_in_parent=hook(lambda reader: reader._collecting.release()),
            after_in_child=hook(ForkSafeMetricReader._begin),
        )

    def _begin(self) -> None:
        """Begin in this place. Where its threads may be replaced soon, the thread waits for `renew`."""
        self._start(now=not may_change())

    def _start(self, now: bool) -> None:
        self._place = here()
        self._waits = not now
        self._collecting = threading.Lock()
        self._exporting = threading.Lock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        if self._over or self._waits:
            return
        thread = threading.Thread(target=self._run, args=(self._place, self._end), name="ForkSafeMetricReader", daemon=True)
        try:
            thread.start()
            self._thread = thread
        except RuntimeError as error:
            _logger.error("metrics are sent at the end of the process only, as their thread does not start: %s", error)

    def renew(self) -> None:
        """Go on in another place, if this is one; see `threads`. It costs next to nothing: it is called with each request.

        Whoever serves requests has the threads that it will have, also where gevent is loaded and never used.
        """
        if self._waits or self._place != here():
            self._start(now=True)

    def _run(self, place: Place, end: threading.Event) -> None:
        over = False
        while not over:
            # What is collected from here on has all that was measured before the end.
            over = end.wait(self._interval)
            if self._place != place:
                return
            self._export()

    def _export(self, timeout: float = -1) -> bool:
        """Collect and send, after the export that is under way; False where that takes longer than the timeout."""
        exporting = self._exporting
        if not exporting.acquire(timeout=timeout):
            return False
        try:
            with self._collecting:
                self.collect()
                data, self._collected = self._collected, None
            if data is not None and data.resource_metrics:
                with suppress_instrumentation():
                    self._exporter.export(data)
        except Exception:
            _logger.exception("metrics could not be collected or sent")
        finally:
            exporting.release()
        return True

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:
        self._collected = metrics_data

    def force_flush(self, timeout_millis: float | None = None) -> bool:
        """Export now; True where it was begun in time, whether the Collector took it or not."""
        if self._over:
            return True
        if self._is_foreign():
            return False
        self.renew()
        return self._export(self._exit_timeout if timeout_millis is None else timeout_millis / 1000)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Export a last time, at most for the exit timeout."""
        if self._over:
            return
        if not self._is_foreign():
            self.renew()
            began = time.monotonic()
            self._exporter.try_once()
            if self._thread is None:
                self._export()
            else:
                self._end.set()
                self._thread.join(min(self._exit_timeout, timeout_millis / 1000))
                if self._thread.is_alive():
                    _logger.warning("the last metrics of this process were not taken within %.0f s", time.monotonic() - began)
        self._over = True

    def _is_foreign(self) -> bool:
        """Whether this process was made by a fork that bypassed Python, and was not renewed: it has nothing to send."""
        return self._place.pid != os.getpid()

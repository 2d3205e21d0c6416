"""The way of spans to the Collector: a bounded queue, a thread of its own, endless retry.

The SDK's batch processor gives a batch up after ten seconds, ignores the timeout of a flush, and shares its connections with forked
children. This one loses nothing that fits the queue while its process lives, counts what does not, and begins anew in a child.
"""

from __future__ import annotations

import collections
import logging
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.metrics import CallbackOptions, Observation, get_meter
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from .encode import EncodedSpan, EncodedSpanExporter, encode
from .session import ExportSession

_logger = logging.getLogger(__name__)
_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 10.0
_REPORT_EVERY = 30.0
_MIB = 1 << 20
# Bytes of one export's spans, at most; a larger span goes alone. The Collector refuses requests of more than 20 MiB.
_LARGEST_BATCH = 4 * _MIB
# The Collector may take it later: too many requests, or it is not up.
_TEMPORARY = frozenset((408, 429, 502, 503, 504))


class SpanDelivery(SpanProcessor):
    """Hand ended spans to an exporter, in batches, from a thread that starts with a process's first span.

    A span is encoded as it ends, so that the thread has little to do: a batch encoded at one go would hold the interpreter's lock while
    requests wait for it. And what waits is bytes, a quarter of a span's memory. A span never waits for the Collector: where the queue
    is full, the new span is dropped, counted and reported (log and metric).

    Args:
        make_exporter: makes the exporter of a process, with the session to use.
        queue_size: spans that wait, at most; the batch under way is on top of it.
        queue_bytes: encoded bytes of the spans that wait, at most. Default: 64 MiB for up to 10,000 spans, and more in proportion.
        batch_size: spans of one export, at most; it has at most 4 MiB, or one span.
        delay: longest wait of a span for its batch, in seconds.
        exit_timeout: longest wait at exit and for a flush, in seconds.
    """

    def __init__(
        self,
        make_exporter: Callable[[ExportSession], EncodedSpanExporter],
        *,
        queue_size: int = 10_000,
        queue_bytes: int | None = None,
        batch_size: int = 512,
        delay: float = 1.0,
        exit_timeout: float = 5.0,
    ) -> None:
        self._make_exporter = make_exporter
        self._queue_size = queue_size
        self._queue_bytes = int(64 * _MIB * max(1, queue_size / 10_000)) if queue_bytes is None else queue_bytes
        self._batch_size = batch_size
        self._delay = delay
        self._exit_timeout = exit_timeout
        self._begin()
        own = weakref.WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (begin := own()) and begin())
        meter = get_meter("thebot_tracing")
        for name, value, what in (
            ("thebot.tracing.spans.exported", lambda: self.exported, "Spans that the Collector has taken"),
            ("thebot.tracing.spans.dropped", lambda: self.dropped, "Spans lost: queue full, refused, not encodable, or process ended"),
        ):
            meter.create_observable_counter(name, [_observe(value)], unit="{span}", description=what)

    def _begin(self) -> None:
        """Begin in this process. What the parent has queued, the parent sends."""
        self._condition = threading.Condition()
        self._queue: collections.deque[EncodedSpan] = collections.deque()
        self._bytes = 0
        self._under_way = 0
        self._thread: threading.Thread | None = None
        self._hurry = False
        self._ending = False
        self._deadline: float | None = None
        self._reported = 0
        self._next_report = 0.0
        self._next_warning = 0.0
        self._told = False
        self.exported = 0
        self.dropped = 0
        # Last: another thread of a process forked without hooks goes by it.
        self._pid = os.getpid()

    @property
    def waiting(self) -> int:
        """Spans of this process that the Collector has not taken yet."""
        return len(self._queue) + self._under_way

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        """Nothing: only ended spans are sent."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span; it never blocks."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        if self._pid != os.getpid():  # A fork that bypassed Python: uWSGI.
            self._begin()
        encoded = self._encoded(span) if len(self._queue) < self._queue_size else None
        with self._condition:
            size = 0 if encoded is None else len(encoded.message)
            if encoded is None or self._ending or len(self._queue) >= self._queue_size or self._bytes + size > self._queue_bytes:
                self.dropped += 1
                return
            before = self._batch_is_full()
            self._queue.append(encoded)
            self._bytes += size
            if self._thread is None:
                self._thread = self._started()
            elif len(self._queue) == 1 or self._batch_is_full() is not before:
                # The first of an empty queue begins the delay; a full batch ends it.
                self._condition.notify_all()

    def _batch_is_full(self) -> bool:
        return len(self._queue) >= self._batch_size or self._bytes >= _LARGEST_BATCH

    def _started(self) -> threading.Thread | None:
        """The thread; None where there can be none now. The span waits, and the next one tries again: no request fails for it."""
        thread = threading.Thread(target=self._run, name="SpanDelivery", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if time.monotonic() >= self._next_warning:
                self._next_warning = time.monotonic() + _REPORT_EVERY
                _logger.error("spans wait, as their thread does not start: %s", error)
            return None
        return thread

    def _encoded(self, span: ReadableSpan) -> EncodedSpan | None:
        try:
            return encode(span)
        except Exception:
            # Once: others are counted with what is dropped.
            if not self._told:
                self._told = True
                _logger.exception("the span %r cannot be encoded", span.name)
            return None

    def hurry(self) -> None:
        """Send what waits now, without waiting for it."""
        with self._condition:
            self._hurry = bool(self._queue)
            self._condition.notify_all()

    def force_flush(self, timeout_millis: int | None = None) -> bool:
        """Wait until the Collector has taken what waits now, or the timeout; True where it has."""
        timeout = self._exit_timeout if timeout_millis is None else timeout_millis / 1000
        if self._pid != os.getpid():
            return True
        with self._condition:
            until = self.exported + self.dropped + self.waiting
            self._hurry = bool(self._queue)
            self._condition.notify_all()
            return self._condition.wait_for(lambda: self.exported + self.dropped >= until, timeout)

    def shutdown(self) -> None:
        """Send what waits, at most for the exit timeout; report what is lost."""
        if self._pid != os.getpid():
            return
        with self._condition:
            if self._ending:
                return
            self._ending = True
            self._deadline = time.monotonic() + self._exit_timeout
            self._condition.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(self._exit_timeout)
        with self._condition:
            self.dropped += self.waiting
            self._queue.clear()
            self._bytes = 0
            self._under_way = 0
        self._report(always=True)

    def _run(self) -> None:
        session = ExportSession()
        exporter = self._make_exporter(session)
        with suppress_instrumentation():
            while batch := self._next_batch():
                self._deliver(exporter, session, batch)
                self._report()
        exporter.shutdown()  # type: ignore[no-untyped-call]

    def _next_batch(self) -> list[EncodedSpan]:
        """Wait for a batch: a full one, or what there is after the delay. Empty where there is no more to come."""
        with self._condition:
            while True:
                if not self._queue and self._ending:
                    return []
                self._condition.wait_for(lambda: self._queue or self._ending)
                # As many as there are after a while: one export of many spans costs less than many of one.
                self._condition.wait_for(lambda: self._batch_is_full() or self._hurry or self._ending, self._delay)
                batch = self._taken()
                self._hurry = self._hurry and bool(self._queue)
                if batch:
                    return batch

    def _taken(self) -> list[EncodedSpan]:
        """Take a batch out of the queue."""
        batch: list[EncodedSpan] = []
        size = 0
        while self._queue and len(batch) < self._batch_size and (not batch or size + len(self._queue[0].message) <= _LARGEST_BATCH):
            batch.append(self._queue.popleft())
            size += len(batch[-1].message)
        self._bytes -= size
        self._under_way = len(batch)
        return batch

    def _deliver(self, exporter: EncodedSpanExporter, session: ExportSession, batch: list[EncodedSpan]) -> None:
        backoff = _FIRST_BACKOFF
        while True:
            before = session.attempts
            try:
                taken = exporter.send(batch)
            except Exception:
                _logger.exception("spans could not be sent")
                taken, before = False, session.attempts
            # Nothing was asked: the batch itself is at fault. An answer that is no temporary one: it is refused.
            refused = session.attempts == before or (session.status is not None and session.status not in _TEMPORARY)
            if not taken:
                self._warn(session.outcome, refused)
            with self._condition:
                if taken or refused:
                    self.exported += len(batch) if taken else 0
                    self.dropped += 0 if taken else len(batch)
                    self._under_way = 0
                    self._condition.notify_all()
                    return
                # The end of the process is reason to try again at once, and then faster.
                ending = self._ending
                longest = _FIRST_BACKOFF if ending else backoff * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
                self._condition.wait_for(lambda: self._ending is not ending, longest)  # noqa: B023 - called at once
                if self._deadline is not None and time.monotonic() >= self._deadline:
                    return
            self._report()
            backoff = min(backoff * 2, _LONGEST_BACKOFF)

    def _warn(self, outcome: str, refused: bool) -> None:
        """Say what came of an export, at most every half minute."""
        now = time.monotonic()
        if now >= self._next_warning:
            self._next_warning = now + _REPORT_EVERY
            _logger.warning("the Collector has not taken spans (%s); they are %s", outcome, "dropped" if refused else "sent again")

    def _report(self, always: bool = False) -> None:
        """Say what was dropped since the last time, at most every half minute."""
        now = time.monotonic()
        if self.dropped > self._reported and (always or now >= self._next_report):
            lost, self._reported, self._next_report = self.dropped - self._reported, self.dropped, now + _REPORT_EVERY
            _logger.error(
                "%d spans dropped (%d in all by this process): the queue of %d spans and %d MiB is full, the Collector refuses them, "
                "they cannot be encoded, or the process ends",
                lost,
                self.dropped,
                self._queue_size,
                self._queue_bytes // _MIB,
            )


def _observe(value: Callable[[], int]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda _options: [Observation(value())]

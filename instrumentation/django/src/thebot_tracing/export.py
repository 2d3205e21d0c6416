"""Span delivery: a bounded queue, and one thread that sends from it to the Collector.

The SDK's batch processor drops a batch after ten seconds, ignores the timeout of a flush, and shares its connections with forked
children. This one loses nothing that fits the queue while its process lives, counts what does not, and starts afresh in a child.
"""

from __future__ import annotations

import collections
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.metrics import CallbackOptions, Observation, get_meter
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from .encode import EncodedSpan, EncodedSpanExporter
from .fitting import Encoder
from .reports import Loss, Losses, Reports
from .sending import FIRST_BACKOFF, Queue, Sender
from .session import ExportSession
from .threads import here

_logger = logging.getLogger(__name__)
_MIB = 1 << 20
LARGEST_REQUEST = 4 * _MIB
"""What a receiver takes by gRPC unless it is told otherwise: also behind one that takes more by HTTP."""
# A batch is complete at this share of the largest request: what hops behind add to each span fits in the rest. A larger span goes alone.
_BATCH_SHARE = 2


class SpanDelivery(SpanProcessor):
    """Hand ended spans to an exporter, in batches, from a thread that starts with a process's first span.

    A span is encoded as it ends, so that the thread has little to do: a batch encoded at one go would hold the interpreter's lock while
    requests wait for it. And what waits is bytes, a quarter of a span's memory. A span never waits for the Collector: where the queue
    is full, the new span is dropped, counted and reported (log and metric).

    Args:
        make_exporter: makes the exporter of a process, with the session to use.
        queue_size: spans that wait, at most; the batch under way is on top of it.
        queue_bytes: encoded bytes of the spans that wait, at most. Default: 64 MiB for up to 10,000 spans, and more in proportion.
        batch_size: spans of one export, at most.
        largest_request: bytes of one export, at most. A batch has at most half of it, or one span; a span above it is cut, and marked.
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
        largest_request: int = LARGEST_REQUEST,
        delay: float = 1.0,
        exit_timeout: float = 5.0,
    ) -> None:
        self._make_exporter = make_exporter
        self._queue_size = queue_size
        self._queue_bytes = int(64 * _MIB * max(1, queue_size / 10_000)) if queue_bytes is None else queue_bytes
        self._batch_size = batch_size
        self._largest_request = largest_request
        self._batch_bytes = largest_request // _BATCH_SHARE
        self._delay = delay
        self._exit_timeout = exit_timeout
        self._begin()
        own = weakref.WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (begin := own()) and begin())
        meter = get_meter("thebot_tracing")
        for name, values, what in (
            ("exported", lambda: {None: self.exported}, "Spans that the Collector has taken"),
            ("dropped", lambda: self.losses.counts, "Spans lost, by reason"),
            ("cut", lambda: {None: self._encoder.cut}, "Spans above the largest request, of which a part was left out"),
        ):
            meter.create_observable_counter(f"thebot.tracing.spans.{name}", [_observe(values)], unit="{span}", description=what)

    def _begin(self) -> None:
        """Begin in this process. What the parent has queued, the parent sends."""
        self._queue: collections.deque[EncodedSpan] = collections.deque()
        self._bytes = 0
        self._under_way = 0
        self._hurry = False
        self._ending = False
        self._deadline: float | None = None
        self._reports = Reports(_logger)
        self.exported = 0
        self.losses = Losses()
        self._encoder = Encoder(self._largest_request)
        self._make_lock()

    def _make_lock(self) -> None:
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        # Last: another thread of a process forked without hooks goes by it.
        self._place = here()

    def _renew(self) -> None:
        """Go on in another place: a process forked without Python's hooks, as uWSGI's, or one whose threads gevent or eventlet replaced."""
        if self._place.pid == os.getpid():
            self._make_lock()
        else:
            self._begin()

    @property
    def dropped(self) -> int:
        """Spans of this process that are lost."""
        return self.losses.total

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
        if self._place != here():
            self._renew()
        found = self._encoder.encoded(span) if len(self._queue) < self._queue_size else Loss.QUEUE_FULL
        with self._condition:
            if isinstance(found, EncodedSpan) and self._ending:
                found = Loss.PROCESS_ENDED
            elif isinstance(found, EncodedSpan) and not self._has_room(found):
                found = Loss.QUEUE_FULL
            if isinstance(found, Loss):
                self.losses.counts[found] += 1
                return
            before = self._batch_is_full()
            self._queue.append(found)
            self._bytes += len(found.message)
            if self._thread is None:
                self._thread = self._started()
            elif len(self._queue) == 1 or self._batch_is_full() is not before:
                # The first of an empty queue begins the delay; a full batch ends it.
                self._condition.notify_all()

    def _has_room(self, span: EncodedSpan) -> bool:
        return len(self._queue) < self._queue_size and self._bytes + len(span.message) <= self._queue_bytes

    def _batch_is_full(self) -> bool:
        return len(self._queue) >= self._batch_size or self._bytes >= self._batch_bytes

    def _started(self) -> threading.Thread | None:
        """The thread; None where there can be none now. The span waits, and the next one tries again: no request fails for it."""
        thread = threading.Thread(target=self._run, name="SpanDelivery", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self._reports.tell("thread", logging.ERROR, "spans wait, as their thread does not start: %s", error)
            return None
        return thread

    def hurry(self) -> None:
        """Send what waits now, without waiting for it."""
        if self._place != here():
            return
        with self._condition:
            self._hurry = bool(self._queue)
            self._condition.notify_all()

    def force_flush(self, timeout_millis: int | None = None) -> bool:
        """Wait until the Collector has taken what waits now, or the timeout; True where it has."""
        timeout = self._exit_timeout if timeout_millis is None else timeout_millis / 1000
        if self._place != here():
            if self._place.pid != os.getpid() or not self.waiting:
                return True
            self._renew()
        with self._condition:
            until = self.exported + self.dropped + self.waiting
            self._hurry = bool(self._queue)
            self._condition.notify_all()
            return self._condition.wait_for(lambda: self.exported + self.dropped >= until, timeout)

    def shutdown(self) -> None:
        """Send what waits, at most for the exit timeout; report what is lost."""
        if self._place != here():
            if self._place.pid != os.getpid():
                return
            self._renew()
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
            self.losses.counts[Loss.PROCESS_ENDED] += self.waiting
            self._queue.clear()
            self._bytes = 0
            self._under_way = 0
        self._report(always=True)

    def _run(self) -> None:
        """Send until the process ends, or another thread takes over in another place."""
        place = here()
        session = ExportSession()
        exporter = self._make_exporter(session)
        sender = Sender(exporter, session, Queue(self._count, self._pause, self._take_one, self._put_back, self._set_aside))
        with suppress_instrumentation():
            while self._place == place and (batch := self._next_batch()):
                try:
                    sender.deliver(batch)
                except Exception:  # noqa: BLE001
                    # Whatever it was, the next spans go on.
                    self._reports.tell("deliver", logging.ERROR, "spans could not be sent", error=True)
                    self._count(0, Loss.REFUSED, self._under_way)
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
                self._condition.wait_for(self._is_urgent, self._delay)
                batch = self._taken()
                self._hurry = self._hurry and bool(self._queue)
                if batch:
                    return batch

    def _is_urgent(self) -> bool:
        # What was set aside has waited, and goes alone.
        return self._batch_is_full() or self._hurry or self._ending or (bool(self._queue) and self._queue[0].aside > 0)

    def _taken(self) -> list[EncodedSpan]:
        """Take a batch out of the queue."""
        batch: list[EncodedSpan] = []
        size = 0
        while self._queue and len(batch) < self._batch_size and (not batch or size + len(self._queue[0].message) <= self._batch_bytes):
            # What was set aside goes alone: it may never pass.
            if batch and (batch[-1].aside or self._queue[0].aside):
                break
            batch.append(self._queue.popleft())
            size += len(batch[-1].message)
        self._bytes -= size
        self._under_way = len(batch)
        return batch

    def _count(self, exported: int, loss: Loss, dropped: int) -> None:
        with self._condition:
            self.exported += exported
            self.losses.counts[loss] += dropped
            # After the end they are counted already.
            self._under_way = max(0, self._under_way - exported - dropped)
            self._condition.notify_all()

    def _pause(self, seconds: float) -> bool:
        """Wait; True where the process must end now. Its end is reason to try again at once, and then faster."""
        with self._condition:
            ending = self._ending
            self._condition.wait_for(lambda: self._ending is not ending, min(FIRST_BACKOFF, seconds) if ending else seconds)
            over = self._deadline is not None and time.monotonic() >= self._deadline
        self._report()
        return over

    def _take_one(self) -> EncodedSpan | None:
        with self._condition:
            at = next((at for at, span in enumerate(self._queue) if not span.aside), None)
            if at is None:
                return None
            span = self._queue[at]
            del self._queue[at]
            self._under_way += 1
            self._bytes -= len(span.message)
            return span

    def _put_back(self, span: EncodedSpan) -> None:
        self._wait_again(span, self._queue.appendleft)

    def _set_aside(self, span: EncodedSpan) -> None:
        self._wait_again(span, self._queue.append)

    def _wait_again(self, span: EncodedSpan, put: Callable[[EncodedSpan], None]) -> None:
        with self._condition:
            # After the end it is counted already.
            if self._under_way:
                self._under_way -= 1
                self._bytes += len(span.message)
                put(span)

    def _report(self, always: bool = False) -> None:
        self.losses.report(_logger, f"the queue has room for {self._queue_size} spans and {self._queue_bytes // _MIB} MiB", always)


def _observe(values: Callable[[], Mapping[Any, int]]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    # Nothing where there is nothing to count: a process that recorded nothing has no metric to send at its end.
    return lambda _options: [Observation(count, {"reason": key.value} if key else None) for key, count in dict(values()).items() if count]

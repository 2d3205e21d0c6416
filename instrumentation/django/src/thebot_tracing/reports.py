"""What is said of spans that are lost: a count for each reason, and log lines that cannot flood a log."""

from __future__ import annotations

import collections
import logging
import time
from enum import Enum

# Seconds between two lines of one kind, at least.
REPORT_EVERY = 30.0
_MOST_KINDS = 100


class Loss(Enum):
    """Why a span was dropped, as the metric and the log name it."""

    QUEUE_FULL = "queue_full"
    """No room: more spans ended than the Collector takes, or it is away."""
    TOO_LARGE = "too_large"
    """It is above the largest request, whatever of it is cut."""
    NOT_ENCODABLE = "not_encodable"
    """It holds what no message can."""
    REFUSED = "refused"
    """The Collector can never take this span."""
    UNWELCOME = "unwelcome"
    """What answers takes nothing from here: a wrong address, no permission."""
    REJECTED = "rejected"
    """The Collector took the request, and rejected a part of it (partial success)."""
    PROCESS_ENDED = "process_ended"
    """The process ended before the Collector had taken it."""


class Reports:
    """Lines of a log, each kind at most every half minute."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._next: dict[object, float] = {}

    def tell(self, kind: object, level: int, text: str, *values: object, error: bool = False) -> None:
        """Log a line unless one of its kind was logged shortly before; with the traceback where it is about an error."""
        now = time.monotonic()
        if now < self._next.get(kind, 0.0):
            return
        if len(self._next) >= _MOST_KINDS:
            self._next.clear()
        self._next[kind] = now + REPORT_EVERY
        self._logger.log(level, text, *values, exc_info=error)


class Losses:
    """Spans dropped, by reason."""

    def __init__(self) -> None:
        # All from the beginning: another thread reads it while they are counted.
        self.counts: collections.Counter[Loss] = collections.Counter(dict.fromkeys(Loss, 0))
        self._told: collections.Counter[Loss] = collections.Counter()
        self._next = 0.0

    @property
    def total(self) -> int:
        """All spans dropped."""
        return sum(self.counts.values())

    def report(self, logger: logging.Logger, room: str, always: bool) -> None:
        """Say what was dropped since the last time, at most every half minute."""
        now = time.monotonic()
        new = self.counts - self._told
        if new and (always or now >= self._next):
            self._told, self._next = self.counts.copy(), now + REPORT_EVERY
            reasons = ", ".join(f"{count} {loss.value}" for loss, count in new.most_common())
            logger.error("%d spans dropped (%d in all by this process): %s; %s", sum(new.values()), self.total, reasons, room)

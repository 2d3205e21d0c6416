"""How a batch comes to the Collector: tried again while that may help, and split where a part of it can never pass."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from .encode import EncodedSpan, EncodedSpanExporter
from .session import ExportSession

_logger = logging.getLogger(__name__)
FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 10.0
_LONGEST_RETRY_AFTER = 300.0
REPORT_EVERY = 30.0
# The Collector may take it later: too many requests, or it is not up.
_TEMPORARY = frozenset((408, 429, 502, 503, 504))
# The answer concerns the spans; any other refusal concerns whoever sends, or where to, and holds for each part as well.
_OF_CONTENT = frozenset((400, 413, 422, 500))
# After so many temporary answers to the same spans others are tried: some receivers answer 429 to what is too large.
_ANSWERS_BEFORE_DOUBT = 3
# Refusals of one batch after which its parts are split no more. One span among 512 takes 10.
_MOST_SPLITS = 32


class Outcome(Enum):
    """What came of spans."""

    DONE = "taken, or rejected in part"
    REFUSED = "they can never pass, but a part of them may"
    UNWELCOME = "nothing from here is taken"
    ENDED = "the process ends first"


@dataclass(frozen=True)
class Queue:
    """What the sender needs of the queue."""

    count: Callable[[int, int], None]
    """Counts spans as exported and dropped."""
    pause: Callable[[float], bool]
    """Waits for so many seconds, or until the process ends; True where it must end now."""
    take: Callable[[], EncodedSpan | None]
    """One more waiting span, if there is one."""
    put_back: Callable[[EncodedSpan], None]
    """Makes it the first of the queue again."""


class Sender:
    """Send batches, one after the other.

    Args:
        exporter: sends spans, once.
        session: the exporter's, which tells what came of it.
        queue: where the spans come from.
    """

    def __init__(self, exporter: EncodedSpanExporter, session: ExportSession, queue: Queue) -> None:
        self._exporter = exporter
        self._session = session
        self._queue = queue
        self._next_warning = 0.0

    def deliver(self, batch: list[EncodedSpan]) -> None:
        """Send a batch until all its spans are counted, as exported or dropped, or the process ends."""
        parts, splits = [(batch, False)], 0
        while parts:
            part, doubted = parts.pop()
            outcome = self._send(part, doubted and len(part) > 1)
            if outcome is Outcome.ENDED:
                return
            if outcome is Outcome.DONE:
                continue
            if outcome is Outcome.REFUSED and len(part) > 1 and splits < _MOST_SPLITS:
                splits += 1
                half = len(part) // 2
                parts += [(part[half:], True), (part[:half], True)]
            else:
                self._warn("dropped", f"{len(part)} of {max(len(span.message) for span in part)} bytes at most")
                self._queue.count(0, len(part))

    def _send(self, part: list[EncodedSpan], doubted: bool) -> Outcome:
        """Send spans until they are taken or refused.

        Args:
            part: the spans. One that is sent alone, to see whether others pass, is taken out.
            doubted: whether other spans have passed since these were last answered: then the next such answer is a refusal.
        """
        backoff, answers = FIRST_BACKOFF, 0
        while True:
            if self._try(part):
                return Outcome.DONE
            status = self._session.status
            if self._session.attempts == self._before or status in _OF_CONTENT:
                return Outcome.REFUSED
            if status is not None and status not in _TEMPORARY:
                return Outcome.UNWELCOME
            if status is not None:
                if doubted:
                    return Outcome.REFUSED
                answers += 1
                doubted = answers % _ANSWERS_BEFORE_DOUBT == 0 and self._others_pass(part)
                if not part:
                    return Outcome.DONE
            self._warn("sent again")
            wait = max(backoff * random.uniform(0.8, 1.2), min(self._session.retry_after or 0, _LONGEST_RETRY_AFTER))  # noqa: S311
            if self._queue.pause(0 if doubted else wait):
                return Outcome.ENDED
            backoff = min(backoff * 2, _LONGEST_BACKOFF)

    def _try(self, part: list[EncodedSpan]) -> bool:
        """Send spans once; count and report what came of it where they are taken."""
        self._before = self._session.attempts
        try:
            taken = self._exporter.send(part)
        except Exception:
            # Without a request the spans are at fault, else it is as if there were no answer.
            _logger.exception("spans could not be sent")
            taken = False
        if taken:
            rejected = min(self._exporter.rejected, len(part))
            if rejected:
                self._warn("dropped", f"{rejected} rejected: {self._exporter.complaint}")
            self._queue.count(len(part) - rejected, rejected)
        return taken

    def _others_pass(self, part: list[EncodedSpan]) -> bool:
        """Whether the Collector takes another span while it does not take these: the smallest of them, or the next of the queue."""
        status, retry_after = self._session.status, self._session.retry_after
        if len(part) > 1:
            smallest = min(part, key=lambda span: len(span.message))
            passed = self._try([smallest])
            if passed:
                part.remove(smallest)
        else:
            other = self._queue.take()
            passed = other is not None and self._try([other])
            if other is not None and not passed:
                self._queue.put_back(other)
        # What follows concerns the spans themselves.
        self._session.status, self._session.retry_after = status, retry_after
        return passed

    def _warn(self, what: str, detail: str = "") -> None:
        """Say what came of an export, at most every half minute."""
        now = time.monotonic()
        if now >= self._next_warning:
            self._next_warning = now + REPORT_EVERY
            outcome = f"{self._session.outcome}; {detail}" if detail else self._session.outcome
            _logger.warning("the Collector has not taken spans (%s); they are %s", outcome, what)

"""How a batch comes to the Collector: tried again while that may help, and split where a part of it can never pass."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from .answers import OF_CONTENT, OF_SENDER, TEMPORARY, Answer, answer_of
from .encode import EncodedSpan, EncodedSpanExporter, described
from .reports import Loss, Reports
from .session import ExportSession, reason

FIRST_BACKOFF = 0.5
# What ends during the longest one is sent within ten seconds, though it waits behind a span that never passes.
_LONGEST_BACKOFF = 5.0
_LONGEST_RETRY_AFTER = 300.0
# After so many tries in vain others are tried: some receivers answer 429 to what is too large, or close the connection.
_TRIES_BEFORE_DOUBT = 3
# So often a span waits behind others that pass, before it is given up.
_MOST_TIMES_ASIDE = 8
# After so many spans in a row that were refused by themselves, what is refused is split only if a part of it passes.
_ENOUGH_REFUSED = 64


class Outcome(Enum):
    """What came of spans."""

    DONE = "taken, rejected in part, or set aside"
    NOT_ENCODABLE = "they cannot be sent"
    REFUSED = "they can never pass, but a part of them may"
    NOT_NOW = "not now, and others may pass: those first"
    DOUBTED = "others pass and these do not: one of them may be at fault"
    UNWELCOME = "nothing from here is taken"
    ENDED = "the process ends first"


_DROPPED = {Outcome.NOT_ENCODABLE: Loss.NOT_ENCODABLE, Outcome.UNWELCOME: Loss.UNWELCOME}
_SPLIT = (Outcome.NOT_ENCODABLE, Outcome.REFUSED, Outcome.DOUBTED)


class Backoff:
    """How long to wait before the next try: as the answer says, and twice as long each time, unless something was taken meanwhile."""

    def __init__(self) -> None:
        self._next = FIRST_BACKOFF
        self._taken = -1

    def after(self, taken: int, answer: Answer) -> float:
        """Seconds to wait after an answer, where so many requests were taken by now."""
        if taken > self._taken >= 0:
            self._next = FIRST_BACKOFF
        self._taken = taken
        asked = min(answer.retry_after, _LONGEST_RETRY_AFTER)
        # Spread, so that many processes do not come back at once.
        wait = max(self._next * random.uniform(0.8, 1.2), asked * random.uniform(1, 1.1))  # noqa: S311
        self._next = min(self._next * 2, _LONGEST_BACKOFF)
        return wait


@dataclass
class Part:
    """Spans of a batch."""

    spans: list[EncodedSpan]
    split: bool = False
    """Whether the batch was refused, of which these are a part."""
    refused_at: int | None = None
    """Requests that were taken by the time when these spans were refused last; None where that says nothing yet."""
    tries: int = 0


@dataclass(frozen=True)
class Queue:
    """What the sender needs of the queue."""

    count: Callable[[int, Loss, int], None]
    """Counts spans as exported, and others as dropped for a reason."""
    pause: Callable[[float], bool]
    """Waits for so many seconds, or until the process ends; True where it must end now."""
    take: Callable[[], EncodedSpan | None]
    """The first waiting span that was never set aside, if there is one."""
    put_back: Callable[[EncodedSpan], None]
    """Makes it the first of the queue again."""
    set_aside: Callable[[EncodedSpan], None]
    """Makes it the last of the queue."""


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
        self._reports = Reports(logging.getLogger(__name__))
        self._answer = Answer(None, 0.0, "")
        """Why the spans were not taken that were sent last."""
        self._backoff = Backoff()
        self._taken = 0
        """Requests that were taken."""
        self._refused = 0
        """Spans refused by themselves since the Collector has last taken any."""

    def deliver(self, batch: list[EncodedSpan]) -> None:
        """Send a batch until all its spans are counted, as exported or dropped, or set aside, or the process ends."""
        parts = [Part(batch)]
        while parts:
            part = parts.pop()
            outcome = self._send(part)
            if outcome is Outcome.ENDED or (parts and self._queue.pause(0)):
                return
            if outcome is Outcome.NOT_NOW:
                if self._wait():
                    return
                if part.split:
                    parts.insert(0, part)
                else:
                    self._queue.set_aside(part.spans[0])
            elif outcome in _SPLIT and len(part.spans) > 1 and self._is_worth_a_split(part.spans, outcome):
                half = len(part.spans) // 2
                parts += [Part(spans, True, self._taken) for spans in (part.spans[half:], part.spans[:half]) if spans]
            elif outcome is Outcome.DOUBTED and part.spans[0].aside < _MOST_TIMES_ASIDE:
                # Others go first: the answer to it may become another one. Not for ever.
                self._queue.set_aside(part.spans[0]._replace(aside=part.spans[0].aside + 1))
            elif outcome is not Outcome.DONE:
                self._drop(part.spans, outcome)

    def _wait(self) -> bool:
        """Wait as the last answer says, or longer; whether the process must end now."""
        return self._queue.pause(self._backoff.after(self._taken, self._answer))

    def _send(self, part: Part) -> Outcome:
        """Send spans until something has come of them. One that is sent alone, to see whether others pass, is taken out."""
        while True:
            if self._try(part.spans):
                return Outcome.DONE
            if not self._asked:
                return Outcome.UNWELCOME if self._exporter.error else Outcome.NOT_ENCODABLE
            status = self._answer.status
            outcome = self._later(part) if status is None or status in TEMPORARY else self._never(part, status)
            if outcome is not None:
                return outcome

    def _never(self, part: Part, status: int) -> Outcome:
        """Whose fault a permanent answer is. One such as 403 may be a firewall's that reads the spans."""
        if status in OF_CONTENT:
            return Outcome.REFUSED
        of_content = status not in OF_SENDER and (part.split or (len(part.spans) > 1 and self._others_pass(part.spans)))
        return Outcome.REFUSED if of_content else Outcome.UNWELCOME

    def _later(self, part: Part) -> Outcome | None:
        """What a temporary answer means, or none: None, after a while, where the same spans are to be sent again."""
        part.tries += 1
        if part.refused_at is not None and self._taken > part.refused_at:
            return Outcome.DOUBTED
        if part.split and part.tries > 1:
            # Others had their turn, and none passed. In smaller parts it may be another answer.
            return Outcome.DOUBTED
        if part.split or part.spans[0].aside or part.tries >= _TRIES_BEFORE_DOUBT:
            part.refused_at = self._taken
            if self._others_pass(part.spans, part.tries):
                return None
        self._reports.tell("later", logging.WARNING, "the Collector has not taken spans (%s); they are sent again", self._answer.text)
        if part.split or part.spans[0].aside:
            return Outcome.NOT_NOW
        return Outcome.ENDED if self._wait() else None

    def _try(self, part: list[EncodedSpan]) -> bool:
        """Send spans once; count and report what came of it where they are taken."""
        before, self._exporter.error = self._session.attempts, None
        try:
            taken = self._exporter.send(part)
        except Exception:  # noqa: BLE001
            # Without a request the spans are at fault, else it is as if there were no answer.
            self._reports.tell("failed", logging.ERROR, "spans could not be sent", error=True)
            taken = False
        self._asked = self._session.attempts > before
        if not taken:
            error = self._exporter.error
            why = f"no request can be made: {reason(error)}" if error else "they cannot be encoded"
            self._answer = answer_of(self._session) if self._asked else Answer(None, 0.0, why)
            return False
        self._taken += 1
        self._refused = 0
        rejected, complaint = min(self._exporter.rejected, len(part)), self._exporter.complaint
        if rejected:
            self._reports.tell("rejected", logging.WARNING, "the Collector has rejected %d of %d spans: %s", rejected, len(part), complaint)
        elif complaint:
            self._reports.tell("complaint", logging.WARNING, "the Collector has taken spans, and says: %s", complaint)
        self._queue.count(len(part) - rejected, Loss.REJECTED, rejected)
        return True

    def _others_pass(self, part: list[EncodedSpan], tries: int = 0) -> bool:
        """Whether the Collector takes another span while it does not take these: a small one of them, or the next of the queue."""
        answer = self._answer
        # Another one each time: it may be the one at fault.
        at = sorted(range(len(part)), key=lambda at: len(part[at].message))[tries % len(part)]
        if passed := len(part) > 1 and self._try([part[at]]):
            del part[at]
        elif waiting := self._queue.take():
            passed = self._try([waiting])
            if not passed:
                self._queue.put_back(waiting)
                # The Collector is busy with all: what it did not take of this one says nothing.
                part[0] = part[0]._replace(aside=min(part[0].aside, 1))
        # What follows concerns the spans themselves.
        self._answer = answer
        return passed

    def _is_worth_a_split(self, part: list[EncodedSpan], outcome: Outcome) -> bool:
        """Whether a part of refused spans may pass. Something that refuses everything is not asked for each span."""
        return outcome is Outcome.DOUBTED or self._refused < _ENOUGH_REFUSED or self._others_pass(part)

    def _drop(self, part: list[EncodedSpan], outcome: Outcome) -> None:
        loss = _DROPPED.get(outcome, Loss.REFUSED)
        self._refused += len(part)
        largest = described(max(part, key=lambda span: len(span.message)))
        text = "the Collector has not taken spans (%s); %d dropped, the largest %s"
        self._reports.tell((loss, self._answer.status), logging.WARNING, text, self._answer.text, len(part), largest)
        self._queue.count(0, loss, len(part))

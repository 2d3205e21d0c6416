"""What the answer to an export says, by OTLP or by whoever answers in the Collector's place."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from google.protobuf import json_format  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from .session import ExportSession

TEMPORARY = frozenset((408, 429, 502, 503, 504))
"""The Collector may take it later: too many requests, or it is not up."""
OF_CONTENT = frozenset((400, 413, 422, 500))
"""The answer concerns what was sent: a part of it may pass."""
OF_SENDER = frozenset((301, 302, 303, 307, 308, 401, 404, 405, 407, 415))
"""The answer concerns whoever sends, or where to: it holds for each part as well. Others may be either's."""
_LONGEST_TEXT = 200


def message_of(session: ExportSession, kind: Any) -> Any:
    """The body of an answer as a message of this kind; None where it is none, as where something else answers in the Collector's place."""
    if not session.body:
        return kind()
    try:
        if session.content_type == "application/json":
            return json_format.Parse(session.body, kind(), ignore_unknown_fields=True)
        return kind.FromString(session.body)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError):
        return None


class Answer(NamedTuple):
    """Why something was not taken."""

    status: int | None
    """None where there was no answer."""
    retry_after: float
    """Seconds that the answer asks to wait."""
    text: str
    """What came of the request and what the body says, be it a message or a proxy's page: a line to be read by people."""


def answer_of(session: ExportSession) -> Answer:
    """What came of a session's last request."""
    return Answer(session.status, session.retry_after or 0.0, _text(session))


def _text(session: ExportSession) -> str:
    if session.status is None or not session.body:
        return session.outcome
    status = None if session.content_type.startswith("text/") else message_of(session, Status)
    text = status.message if status is not None else re.sub(r"<[^>]*>", " ", session.body[:5000].decode(errors="replace"))
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return f"{session.outcome}: {line[:_LONGEST_TEXT]}" if line else session.outcome

"""The bearer token of exports, from a file: whoever replaces it need not restart the application."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from requests.auth import AuthBase

from .reports import Reports

VARIABLE = "TRACING_OTLP_TOKEN_FILE"
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


class FileToken(AuthBase):
    """Add `Authorization: Bearer` to a request, with the token that the file has at that moment.

    It takes the place of a header `authorization` in OTEL_EXPORTER_OTLP_HEADERS. A file that cannot be read, or holds no token, as one
    that is being replaced, leaves the last token in use.

    Args:
        path: file with the token; blanks and line ends around it do not count.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._last: str | None = None
        self._reports = Reports(logging.getLogger(__name__))

    def __call__(self, request: Any) -> Any:
        """The request with the header."""
        # Once for each export, which is once a second at most: not worth remembering.
        token = read(self._path)
        if token is None:
            self._reports.tell("token", logging.WARNING, "%s: %s has no bearer token", VARIABLE, self._path)
        self._last = token or self._last
        if self._last is not None:
            request.headers["Authorization"] = f"Bearer {self._last}"
        return request


def read(path: str) -> str | None:
    """The token of a file; None where it cannot be read or holds none."""
    try:
        text = Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text if _TOKEN.fullmatch(text) else None


def from_environment(environ: Mapping[str, str] | None = None) -> FileToken | None:
    """The token that TRACING_OTLP_TOKEN_FILE names; None where it is not set."""
    path = (os.environ if environ is None else environ).get(VARIABLE)
    return FileToken(path) if path else None

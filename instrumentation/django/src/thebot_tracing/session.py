"""The HTTP session of an export, which tells what came of it."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import requests

from .threads import here


class ExportSession(requests.Session):
    """A session that tells what came of the last request, and never uses a connection of another place (`threads`).

    `attempts` counts requests; `status` is the last answer's, None where there was none, and `error` says why. A redirect is an error.
    `retry_after` has the seconds that the answer asks to wait, and `body` what it says.
    """

    def __init__(self) -> None:
        super().__init__()
        self.attempts = 0
        self.status: int | None = None
        self.error: str | None = None
        self.retry_after: float | None = None
        self.body = b""
        self._place = here()

    @property
    def outcome(self) -> str:
        """What came of the last request, to be read by people."""
        return f"no answer ({self.error})" if self.status is None else f"status {self.status}"

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """The session's own certificate (OTEL_EXPORTER_OTLP_CERTIFICATE) before REQUESTS_CA_BUNDLE; requests has it the other way."""
        return super().merge_environment_settings(url, proxies, stream, self.verify if verify is None else verify, cert)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send, on connections of this process and kind of threads."""
        if self._place != here():
            self._place = here()
            self.mount("https://", requests.adapters.HTTPAdapter())
            self.mount("http://", requests.adapters.HTTPAdapter())
        self.attempts += 1
        self.status, self.retry_after, self.body = None, None, b""
        try:
            response = super().send(request, **kwargs)
        except Exception as error:
            self.error = reason(error)
            raise
        self.status, self.body = response.status_code, response.content
        self.retry_after = seconds(response.headers.get("Retry-After"))
        if 300 <= response.status_code < 400:
            # The OTLP client would take it for success.
            raise requests.TooManyRedirects(f"status {response.status_code}: no redirect is followed; name the Collector itself")
        return response


def seconds(retry_after: str | None) -> float | None:
    """What a header Retry-After says, as seconds from now: a number, or a date. None where it says nothing."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def reason(error: Exception) -> str:
    """Why there was no answer: what is at the bottom of an error of requests or urllib, such as a refused connection or certificate."""
    found: Any = error
    while True:
        # requests wraps urllib3's MaxRetryError, and that one, like urllib's URLError, has the error itself as `reason`.
        inner = getattr(found, "reason", None) or (found.args[0] if isinstance(found, OSError) and found.args else None)
        if not isinstance(inner, Exception):
            return f"{type(found).__name__}: {found}"
        found = inner

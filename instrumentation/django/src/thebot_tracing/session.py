"""The HTTP session of an export, which tells what came of it."""

from __future__ import annotations

import email.utils

# requests imports it in the middle of a request. A fork at that moment would leave its lock with the child, whose first request
# would wait for ever.
import netrc  # noqa: F401
import re
import time
from datetime import timezone
from typing import Any

import requests

from .deadline import DeadlineAdapter
from .threads import here
from .token import from_environment

# An answer is a message of a few bytes, or a proxy's page.
_LARGEST_BODY = 1 << 20


class ExportSession(requests.Session):
    """A session that tells what came of the last request, and never uses a connection of another place (`threads`).

    `attempts` counts requests; `status` is the last answer's, None where there was none, and `error` says why. A redirect is an error.
    `retry_after` has the seconds that the answer asks to wait; `body` is what it says, or the first mebibyte of it, of kind `content_type`.
    Each request carries the token of TRACING_OTLP_TOKEN_FILE, where that is set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.auth = from_environment()
        self.attempts = 0
        self.status: int | None = None
        self.error: str | None = None
        self.retry_after: float | None = None
        self.body = b""
        self.content_type = ""
        self._mount()

    def _mount(self) -> None:
        self._place = here()
        for scheme in ("https://", "http://"):
            self.mount(scheme, DeadlineAdapter())

    @property
    def outcome(self) -> str:
        """What came of the last request, to be read by people."""
        return f"no answer ({self.error})" if self.status is None else f"status {self.status}"

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """The session's own certificate (OTEL_EXPORTER_OTLP_CERTIFICATE) before REQUESTS_CA_BUNDLE; requests has it the other way."""
        return super().merge_environment_settings(url, proxies, stream, self.verify if verify is None else verify, cert)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: no redirect is followed, so it does not matter where one leads, or that it leads nowhere."""
        return None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send, on connections of this process and kind of threads."""
        if self._place != here():
            self._mount()
        self.attempts += 1
        self.status, self.retry_after, self.body, self.content_type = None, None, b"", ""
        try:
            response = super().send(request, **{**kwargs, "stream": True})
        except Exception as error:
            self.error = reason(error)
            raise
        self.status, self.body = response.status_code, _read(response)
        self.content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.retry_after = seconds(response.headers.get("Retry-After"))
        if 300 <= response.status_code < 400:
            # The OTLP client would take it for success.
            raise requests.TooManyRedirects(f"status {response.status_code}: no redirect is followed; name the server itself")
        return response


def _read(response: requests.Response) -> bytes:
    """The body of an answer, or its beginning. The status has come by now, and holds whatever becomes of the body."""
    body = bytearray()
    try:
        for piece in response.iter_content(1 << 16):
            body += piece
            if len(body) > _LARGEST_BODY:
                response.close()
                break
    except Exception:  # noqa: BLE001 - whatever breaks off, the answer is known
        response.close()
    return bytes(body[:_LARGEST_BODY])


def seconds(retry_after: str | None) -> float | None:
    """What a header Retry-After says, as seconds from now: a number, or a date. None where it says nothing."""
    if retry_after is None:
        return None
    if re.fullmatch(r"[0-9]{1,20}(\.[0-9]{0,20})?", retry_after.strip()):
        return float(retry_after)
    try:
        date = email.utils.parsedate_to_datetime(retry_after)
        # A date without a zone is Greenwich's, as each date of HTTP.
        return max(0.0, date.replace(tzinfo=date.tzinfo or timezone.utc).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def reason(error: Exception) -> str:
    """Why there was no answer: what is at the bottom of an error of requests or urllib, such as a refused connection or certificate."""
    found: Any = error
    while True:
        # requests wraps urllib3's MaxRetryError, and that one, like urllib's URLError, has the error itself as `reason`, or its cause.
        inner = getattr(found, "reason", None) or (found.args[0] if isinstance(found, OSError) and found.args else None)
        inner = inner if isinstance(inner, Exception) else found.__cause__
        if not isinstance(inner, Exception):
            return f"{type(found).__name__}: {found}"
        found = inner

"""The HTTP session of an export, which tells what came of it."""

from __future__ import annotations

import os
from typing import Any

import requests


class ExportSession(requests.Session):
    """A session that tells what came of the last request, and never uses a connection of the parent process.

    `attempts` counts requests; `status` is the last answer's, None where there was none, and `error` says why. A redirect is an error.
    """

    def __init__(self) -> None:
        super().__init__()
        self.attempts = 0
        self.status: int | None = None
        self.error: str | None = None
        self._pid = os.getpid()

    @property
    def outcome(self) -> str:
        """What came of the last request, to be read by people."""
        return f"no answer ({self.error})" if self.status is None else f"status {self.status}"

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """The session's own certificate (OTEL_EXPORTER_OTLP_CERTIFICATE) before REQUESTS_CA_BUNDLE; requests has it the other way."""
        return super().merge_environment_settings(url, proxies, stream, self.verify if verify is None else verify, cert)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send, on connections of this process."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self.mount("https://", requests.adapters.HTTPAdapter())
            self.mount("http://", requests.adapters.HTTPAdapter())
        self.attempts += 1
        self.status = None
        try:
            response = super().send(request, **kwargs)
        except Exception as error:
            self.error = reason(error)
            raise
        self.status = response.status_code
        if 300 <= response.status_code < 400:
            # The OTLP client would take it for success.
            raise requests.TooManyRedirects(f"status {response.status_code}: no redirect is followed; name the Collector itself")
        return response


def reason(error: Exception) -> str:
    """Why there was no answer: what is at the bottom of an error of requests or urllib, such as a refused connection or certificate."""
    found: Any = error
    while True:
        # requests wraps urllib3's MaxRetryError, and that one, like urllib's URLError, has the error itself as `reason`.
        inner = getattr(found, "reason", None) or (found.args[0] if isinstance(found, OSError) and found.args else None)
        if not isinstance(inner, Exception):
            return f"{type(found).__name__}: {found}"
        found = inner

"""What a request's span has beside its conventions, as variables of the environment ask for it: headers, and attributes of the request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry.util.http import (
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS,
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST,
    OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE,
    SanitizeValue,
    normalise_request_header_name,
    normalise_response_header_name,
)

from .conventions import decoded

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

_ATTRIBUTES = "OTEL_PYTHON_DJANGO_TRACED_REQUEST_ATTRS"


class Captured:
    """Reads them from requests and responses.

    Args:
        environ: the environment. It is read once.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        def listed(name: str) -> list[str]:
            return [part.strip() for part in environ.get(name, "").split(",")] if environ.get(name) else []

        self._attributes = listed(_ATTRIBUTES)
        self._request = listed(OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST)
        self._response = listed(OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE)
        self._sanitize = SanitizeValue(listed(OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS))

    def __bool__(self) -> bool:
        """Whether there is anything to read."""
        return bool(self._attributes or self._request or self._response)

    def of_request(self, request: HttpRequest, is_server: bool) -> dict[str, Any]:
        """What a request gives.

        Args:
            request: the request.
            is_server: whether its span is a server's: only such a span has headers.
        """
        headers = getattr(request, "scope", {}).get("headers")
        found: dict[str, Any] = {}
        for name in self._attributes:
            value = getattr(request, name, None)
            if value is not None:
                found[name] = str(value)
        if headers is not None and self._attributes:
            sent = {name.decode("latin1"): value.decode("latin1") for name, value in headers}
            found.update({name: sent[name] for name in self._attributes if name in sent})
        if is_server and self._request:
            found.update(self._headers(_of_environ(request.META) if headers is None else _of_scope(headers)))
        return found

    def _headers(self, headers: Mapping[str, Any]) -> dict[str, list[str]]:
        return self._sanitize.sanitize_header_values(headers, self._request, normalise_request_header_name)

    def of_response(self, response: HttpResponseBase) -> dict[str, list[str]]:
        """Headers of a response."""
        sent = {name.lower(): value for name, value in response.items()}
        return self._sanitize.sanitize_header_values(sent, self._response, normalise_response_header_name)


def _of_environ(meta: Mapping[str, Any]) -> dict[str, str]:
    return {key[5:].replace("_", "-"): value for key, value in meta.items() if key.startswith("HTTP_")}


def _of_scope(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(decoded(name), []).append(decoded(value))
    return found

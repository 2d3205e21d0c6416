"""Attributes of HTTP requests, by OpenTelemetry's semantic conventions: those from before 1.23, the stable ones, or both.

They are those of the official instrumentations of WSGI, ASGI and Django, name for name and value for value. A test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from wsgiref.util import request_uri

from opentelemetry.util.http import detect_synthetic_user_agent, redact_url, sanitize_method

Attributes = dict[str, Any]
_OTHER = "_OTHER"
_DEFAULT_PORT = 80

# Attributes of the metrics, of those that a request's span has.
_DURATION_OLD = (
    "http.method", "http.host", "http.scheme", "http.status_code", "http.flavor", "http.server_name", "net.host.name", "net.host.port",
)  # fmt: skip
_DURATION_NEW = (
    "error.type", "http.request.method", "http.response.status_code", "http.route", "network.protocol.version", "url.scheme",
)  # fmt: skip
_ACTIVE = ("http.method", "http.host", "http.scheme", "http.flavor", "http.server_name", "http.request.method", "url.scheme")


class Conventions(NamedTuple):
    """Which attributes are recorded."""

    old: bool
    """`http.method`, `http.status_code`, the metric `http.server.duration` in milliseconds, and so on."""
    new: bool
    """`http.request.method`, `http.response.status_code`, the metric `http.server.request.duration` in seconds, and so on."""

    @property
    def schema_url(self) -> str:
        """The schema that the official instrumentations name."""
        return f"https://opentelemetry.io/schemas/{'1.21.0' if self.new else '1.11.0'}"


BOTH = Conventions(old=True, new=True)
OLD = Conventions(old=True, new=False)
NEW = Conventions(old=False, new=True)


def parse_conventions(opt_in: str) -> Conventions:
    """What OTEL_SEMCONV_STABILITY_OPT_IN asks for: `http/dup` or nothing is both, `http` the stable ones, anything else the old ones."""
    listed = [part.strip() for part in opt_in.split(",")]
    if "http/dup" in listed or listed == [""]:
        return BOTH
    return NEW if "http" in listed else OLD


def database_conventions(opt_in: str) -> Conventions:
    """The same of databases: `database/dup` is both, `database` the stable ones, anything else the old ones."""
    listed = [part.strip() for part in opt_in.split(",")]
    if "database/dup" in listed:
        return BOTH
    return NEW if "database" in listed else OLD


def of_wsgi(environ: Mapping[str, Any], which: Conventions) -> Attributes:
    """Attributes of a request that came by WSGI."""
    old, new = which
    found: Attributes = {}
    _method(found, environ.get("REQUEST_METHOD", ""), which)
    if old:
        found["http.server_name"] = environ.get("SERVER_NAME")
    _both(found, which, "http.scheme", "url.scheme", environ.get("wsgi.url_scheme"))
    host = environ.get("HTTP_HOST")
    if host:
        if old:
            found["net.host.name"] = found["http.host"] = host
        if new:
            found["server.address"] = host
    _both(found, which, "net.host.port", "server.port", _number(environ.get("SERVER_PORT")))
    _target(found, environ, which)
    peer = environ.get("REMOTE_ADDR")
    _both(found, which, "net.peer.ip", "client.address", peer)
    _both(found, which, "net.peer.port", "client.port", _number(environ.get("REMOTE_PORT")))
    name = environ.get("REMOTE_HOST")
    if name != peer:
        _both(found, which, "net.peer.name", "client.address", name)
    _user_agent(found, environ.get("HTTP_USER_AGENT"), which)
    flavor = environ.get("SERVER_PROTOCOL", "")
    _both(found, which, "http.flavor", "network.protocol.version", flavor[5:] if flavor[:5].upper() == "HTTP/" else flavor)
    return found


def _target(found: Attributes, environ: Mapping[str, Any], which: Conventions) -> None:
    target = environ.get("RAW_URI")
    if target is None:
        target = environ.get("REQUEST_URI")
    if which.old:
        if target:
            found["http.target"] = target
        else:
            found["http.url"] = redact_url(request_uri(dict(environ)))
    # The official instrumentation has these only where the server gives the request's own text. Sampling rules go by them.
    if which.new and (target or not which.old):
        path, query = environ.get("PATH_INFO"), environ.get("QUERY_STRING")
        if path:
            found["url.path"] = path
        if query:
            found["url.query"] = query


def of_asgi(scope: Mapping[str, Any], which: Conventions) -> Attributes:
    """Attributes of a request that came by ASGI."""
    old, new = which
    found: Attributes = {}
    hosts, agent = _asgi_headers(scope.get("headers") or ())
    server = scope.get("server") or ("0.0.0.0", _DEFAULT_PORT)  # noqa: S104 - as the official instrumentation has it
    address, port = server[0], server[1]
    if port != _DEFAULT_PORT:
        address = f"{address}:{port}"
    path, scheme = scope.get("path", ""), scope.get("scheme")
    query = scope.get("query_string") or b""
    text = query.decode("utf-8", "replace") if isinstance(query, bytes) else query
    _both(found, which, "http.scheme", "url.scheme", scheme)
    _both(found, which, "http.host", "server.address", address)
    _both(found, which, "net.host.port", "server.port", _number(port))
    _both(found, which, "http.flavor", "network.protocol.version", scope.get("http_version"))
    if path:
        _both(found, which, "http.target", "url.path", path)
        if new and text:
            found["url.query"] = text
    if old:
        found["http.url"] = redact_url(_asgi_url(scheme or "http", hosts[0] if hosts else address, path, text))
        if hosts:
            found["http.server_name"] = ",".join(hosts)
    if method := scope.get("method"):
        _method(found, method, which)
    _user_agent(found, agent, which)
    client = scope.get("client")
    if client is not None:
        _both(found, which, "net.peer.ip", "client.address", client[0])
        _both(found, which, "net.peer.port", "client.port", _number(client[1]))
    return found


def _asgi_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[list[str], str | None]:
    """Values of Host, and the first one of User-Agent."""
    hosts: list[str] = []
    agent: str | None = None
    for name, value in headers:
        # By length first: most headers are neither.
        size = len(name)
        if size == 4 and name.lower() == b"host":
            hosts.append(decoded(value))
        elif size == 10 and agent is None and name.lower() == b"user-agent":
            agent = decoded(value)
    return hosts, agent


def decoded(value: bytes) -> str:
    """A header of ASGI as a text."""
    try:
        return value.decode()
    except ValueError:
        return value.decode("unicode_escape", "replace")


def _asgi_url(scheme: str, host: str, path: str, query: str) -> str:
    from urllib.parse import unquote

    url = f"{scheme}://{host}{path}"
    return f"{url}?{unquote(query)}" if query else url


def span_name(method: str | None) -> tuple[str | None, str]:
    """What a span's name has before its route, None where it has no route, and its name without one."""
    found = _sanitized((method or "").strip())
    return (None, "HTTP") if found == _OTHER else (found, method or "")


@lru_cache(256)
def _sanitized(method: str) -> str:
    return sanitize_method(method)


def _method(found: Attributes, sent: str, which: Conventions) -> None:
    known, sent = _sanitized(sent).strip(), sent.strip()
    if which.new and sent and sent != known:
        found["http.request.method_original"] = sent
    _both(found, which, "http.method", "http.request.method", known)


def _user_agent(found: Attributes, agent: str | None, which: Conventions) -> None:
    if agent:
        _both(found, which, "http.user_agent", "user_agent.original", agent)
        if kind := _synthetic(agent):
            found["user_agent.synthetic.type"] = kind


# Browsers and probes are few, and the search in each is long.
@lru_cache(1024)
def _synthetic(agent: str) -> str | None:
    return detect_synthetic_user_agent(agent)


def _both(found: Attributes, which: Conventions, old: str, new: str, value: object) -> None:
    if value:
        if which.old:
            found[old] = value
        if which.new:
            found[new] = value


def _number(value: object) -> int | None:
    try:
        return int(value) if value else None  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return None


def of_response(status: int, which: Conventions) -> Attributes:
    """Attributes that the answer adds to those of a request."""
    found: Attributes = {}
    if which.old:
        found["http.status_code"] = status
    if which.new:
        found["http.response.status_code"] = status
        if is_error(status):
            found["error.type"] = str(status)
    return found


def is_error(status: int) -> bool:
    """Whether a server's span is an error by its status."""
    return status < 100 or status >= 500


def active_attributes(request: Attributes) -> Attributes:
    """Those of `http.server.active_requests`, of a request's own."""
    return {key: request[key] for key in _ACTIVE if key in request}


def duration_attributes(request: Attributes, route: str | None) -> Attributes:
    """Those of `http.server.duration`. Its target is the route: of a request without one, the client could make a new time series."""
    found = {key: request[key] for key in _DURATION_OLD if key in request}
    if route:
        found["http.target"] = route
    return found


def request_duration_attributes(request: Attributes) -> Attributes:
    """Those of `http.server.request.duration`."""
    return {key: request[key] for key in _DURATION_NEW if key in request}

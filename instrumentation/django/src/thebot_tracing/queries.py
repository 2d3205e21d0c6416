"""Spans of the queries of every database that Django opens: PostgreSQL, MySQL, SQLite and others.

Django passes each statement of its cursors to `execute_wrappers`, including those of server-side cursors (`.iterator()`). It does not pass
calls of the driver's cursor, such as COPY, `stream()` and `callproc()`: a cursor class of the connection records these.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple

from opentelemetry import metrics, trace
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from .children_only import publishes_a_task
from .conventions import Conventions
from .request_spans import SCOPE
from .statements import described

_logger = logging.getLogger(__name__)
_PORTS = {"mysql": 3306, "postgresql": 5432, "oracle": 1521}
_DRIVERS = {"postgresql": ("psycopg", "psycopg2"), "mysql": ("mysql",), "sqlite": ("sqlite3",)}
_UID = "thebot_tracing.queries"
Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]


class Queries:
    """Records the queries of Django's connections.

    Args:
        conventions: which attributes of databases they have.
        peers: which attributes of the server's address they have.
        sanitize: whether literals are left out of statements.
        disabled: names of drivers whose queries are not recorded: psycopg, psycopg2, mysql, sqlite3.
        tracer_provider: makes the spans. Default: the global one.
    """

    def __init__(
        self,
        conventions: Conventions,
        peers: Conventions,
        sanitize: bool,
        disabled: frozenset[str] = frozenset(),
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        self.conventions = conventions
        self.peers = peers
        self.sanitize = sanitize
        self._disabled = disabled
        self.tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
        self.seconds = None
        if conventions.new:
            self.seconds = metrics.get_meter(SCOPE).create_histogram(
                "db.client.operation.duration", unit="s", description="Duration of database client operations."
            )

    def connect(self) -> None:
        """Record the queries of connections that Django opens from now on."""
        from django.db.backends.signals import connection_created

        connection_created.connect(self._connected, weak=False, dispatch_uid=_UID)

    @staticmethod
    def disconnect() -> None:
        """Record those of no further ones."""
        from django.db.backends.signals import connection_created

        connection_created.disconnect(dispatch_uid=_UID)

    def _connected(self, connection: Any, **_signal: Any) -> None:
        try:
            self._record(connection)
        except Exception:
            # What a signal's receiver raises would reach the application.
            _logger.exception("queries of the connection %r are not recorded", connection.alias)

    def _record(self, connection: Any) -> None:
        if self._is_disabled(connection):
            return
        recorder = next((found for found in connection.execute_wrappers if isinstance(found, Recorder)), None)
        if recorder is None:
            recorder = Recorder(self, connection)
            # The first: `execute_wrapper()` of whoever is under way takes the last one away at its end.
            connection.execute_wrappers.insert(0, recorder)
        recorder.known = self._known(connection)
        driver = connection.connection = bare(connection.connection)
        factory = getattr(driver, "cursor_factory", None)
        if connection.vendor == "postgresql" and factory is not None:
            # Django's class instead of that of the driver's instrumentation: each query would have two spans.
            driver.cursor_factory = recorder.cursor_class(connection.get_connection_params().get("cursor_factory") or factory)
        elif connection.vendor == "mysql" and isinstance(getattr(driver, "cursorclass", None), type):
            driver.cursorclass = recorder.cursor_class(driver.cursorclass)

    def _is_disabled(self, connection: Any) -> bool:
        if connection.vendor == "postgresql":
            return connection.Database.__name__.partition(".")[0] in self._disabled
        return any(name in self._disabled for name in _DRIVERS.get(connection.vendor, ()))

    def _known(self, connection: Any) -> dict[str, Any]:
        """Attributes that all queries of a connection have."""
        settings = connection.settings_dict
        # Of PostgreSQL the driver knows more: a service file, or variables of the environment, may name the server.
        info = getattr(connection.connection, "info", None) if connection.vendor == "postgresql" else None
        host = getattr(info, "host", None) or settings.get("HOST")
        port = getattr(info, "port", None) or settings.get("PORT") or (_PORTS.get(connection.vendor) if host else None)
        name = getattr(info, "dbname", None) or settings.get("NAME")
        user = getattr(info, "user", None) or settings.get("USER")
        found: dict[str, Any] = {}
        for is_wanted, system, database, account in (
            (self.conventions.old, "db.system", "db.name", "db.user"),
            (self.conventions.new, "db.system.name", "db.namespace", None),
        ):
            if is_wanted:
                found[system] = connection.vendor
                found |= {database: str(name)} if name else {}
                found |= {account: str(user)} if user and account else {}
        for is_wanted, address, number in (
            (self.peers.old, "net.peer.name", "net.peer.port"),
            (self.peers.new, "server.address", "server.port"),
        ):
            if is_wanted and host:
                found |= {address: str(host), number: int(str(port))} if str(port).isdigit() else {address: str(host)}
        return found


class _Begun(NamedTuple):
    """A statement under way."""

    span: Span
    operation: str
    began: float


class Recorder:
    """Records the queries of one connection: one of its `execute_wrappers`."""

    def __init__(self, queries: Queries, connection: Any) -> None:
        self._queries = queries
        self._vendor: str = connection.vendor
        self.known: dict[str, Any] = {}
        self._classes: dict[type, type] = {}

    def cursor_class(self, base: type) -> type:
        """A class of cursors that record here. With a pool each request connects: it is made once."""
        if getattr(base, "recorder", None) is self:
            return base
        found = self._classes.get(base)
        if found is None:
            found = self._classes[base] = type(base.__name__, (_cursor_class(base),), {"recorder": self})
        return found

    def __call__(self, execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Execute a statement, and record it."""
        begun = self._begin(sql, context.get("cursor"))
        if begun is None:
            return execute(sql, params, many, context)
        error: Exception | None = None
        try:
            return execute(sql, params, many, context)
        except Exception as failed:
            error = failed
            raise
        finally:
            self._end(begun, error)

    @contextmanager
    def block(self, sql: Any, cursor: Any) -> Iterator[None]:
        """The same of a statement that is under way as long as a block is."""
        begun = self._begin(sql, cursor)
        if begun is None:
            yield
            return
        error: Exception | None = None
        try:
            yield
        except Exception as failed:
            error = failed
            raise
        finally:
            self._end(begun, error)

    def _begin(self, sql: Any, cursor: Any) -> _Begun | None:
        """Begin the span of a statement; None if it has none."""
        try:
            return self._started(sql, cursor) if is_wanted() else None
        except Exception:
            _logger.exception("the span of a query could not be started; the query continues")
            return None

    def _started(self, sql: Any, cursor: Any) -> _Begun:
        queries = self._queries
        statement = described(_text(sql, cursor), self._vendor, queries.sanitize)
        attributes = dict(self.known)
        if queries.conventions.old:
            attributes["db.statement"] = statement.text
        if queries.conventions.new:
            attributes["db.query.text"] = statement.text
        name = statement.operation or str(self.known.get("db.name") or self.known.get("db.namespace") or self._vendor)
        span = queries.tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        return _Begun(span, statement.operation, perf_counter())

    def _end(self, begun: _Begun, error: Exception | None) -> None:
        try:
            self._ended(begun, error)
        except Exception:
            _logger.exception("the span of a query could not be ended; the query is not affected")

    def _ended(self, begun: _Begun, error: Exception | None) -> None:
        span, operation, began = begun
        if error is not None:
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        if self._queries.seconds is not None:
            names = ("db.system.name", "db.namespace", "server.address", "server.port")
            measured = {name: self.known[name] for name in names if name in self.known}
            measured |= {"db.operation.name": operation} if operation else {}
            measured |= {"error.type": type(error).__qualname__} if error is not None else {}
            self._queries.seconds.record(perf_counter() - began, measured)
        span.end()


def bare(connection: Any) -> Any:
    """A driver's connection without the proxy of its instrumentation, in which each query would have a second span."""
    is_proxy = type(connection).__module__.startswith("opentelemetry.instrumentation.")
    return getattr(connection, "__wrapped__", connection) if is_proxy else connection


def is_wanted() -> bool:
    """Whether a query here has a span: outside a request, a task or a span of the application's each would be a trace of its own."""
    parent = trace.get_current_span()
    found = parent.get_span_context()
    if not found.is_valid or (not parent.is_recording() and not found.is_remote):
        return False
    return is_instrumentation_enabled() and not publishes_a_task(parent)


def _text(sql: Any, cursor: Any) -> str:
    """A statement as text; psycopg has objects for those that are put together."""
    if isinstance(sql, str):
        return sql
    if isinstance(sql, bytes):
        return sql.decode(errors="replace")
    try:
        return str(sql.as_string(getattr(cursor, "cursor", cursor)))
    except Exception:  # noqa: BLE001 - whatever it is, the driver says so
        return ""


@lru_cache(64)
def _cursor_class(base: type) -> type:
    """A cursor class that records what Django's wrappers do not see. It finds its connection's recorder as an attribute."""

    class RecordingCursor(base):  # type: ignore[misc]
        recorder: Recorder

        @contextmanager
        def copy(self, statement: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
            with self.recorder.block(statement, self), super().copy(statement, *args, **kwargs) as found:
                yield found

        def stream(self, query: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
            with self.recorder.block(query, self):
                yield from super().stream(query, *args, **kwargs)

        def copy_expert(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
            with self.recorder.block(sql, self):
                return super().copy_expert(sql, *args, **kwargs)

        def copy_from(self, file: Any, table: str, *args: Any, **kwargs: Any) -> Any:
            with self.recorder.block(f"COPY {table} FROM STDIN", self):
                return super().copy_from(file, table, *args, **kwargs)

        def copy_to(self, file: Any, table: str, *args: Any, **kwargs: Any) -> Any:
            with self.recorder.block(f"COPY {table} TO STDOUT", self):
                return super().copy_to(file, table, *args, **kwargs)

        def callproc(self, name: Any, *args: Any, **kwargs: Any) -> Any:
            with self.recorder.block(f"CALL {name}", self):
                return super().callproc(name, *args, **kwargs)

    # A driver has some of them.
    for name in ("copy", "stream", "copy_expert", "copy_from", "copy_to", "callproc"):
        if not hasattr(base, name):
            delattr(RecordingCursor, name)
    return RecordingCursor

"""The official instrumentations, each used if its library is there, and what that of redis leaves to us: cache keys and hits."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span

from .children_only import ChildrenOnlyProvider
from .light_tracer import LightProvider
from .queries import Queries
from .redact import HIDDEN, LONGEST_TEXT, names_a_secret
from .replaced import undo
from .request_spans import use
from .settings import Settings

_logger = logging.getLogger(__name__)
# Commands whose first argument is a key. Of others it may be anything: a password, a script.
_KEY_COMMANDS = {
    "GET", "SET", "SETEX", "PSETEX", "SETNX", "GETSET", "GETEX", "GETDEL", "MGET", "MSET", "APPEND", "DEL", "UNLINK", "EXISTS", "TOUCH",
    "TYPE", "INCR", "INCRBY", "INCRBYFLOAT", "DECR", "DECRBY", "EXPIRE", "PEXPIRE", "EXPIREAT", "PERSIST", "TTL", "PTTL",
    "HGET", "HSET", "HMGET", "HMSET", "HGETALL", "HDEL", "HEXISTS", "HINCRBY", "LPUSH", "RPUSH", "LPOP", "RPOP", "LRANGE", "LLEN",
    "SADD", "SREM", "SMEMBERS", "SISMEMBER", "SCARD", "ZADD", "ZREM", "ZRANGE", "ZRANGEBYSCORE", "ZSCORE", "ZCARD", "ZINCRBY",
}  # fmt: skip

# Name, library, instrumentor's module, class.
_INSTRUMENTORS = (
    ("psycopg2", "psycopg2", "opentelemetry.instrumentation.psycopg2", "Psycopg2Instrumentor"),
    ("psycopg", "psycopg", "opentelemetry.instrumentation.psycopg", "PsycopgInstrumentor"),
    ("mysql", "MySQLdb", "opentelemetry.instrumentation.mysqlclient", "MySQLClientInstrumentor"),
    ("mysql", "pymysql", "opentelemetry.instrumentation.pymysql", "PyMySQLInstrumentor"),
    ("celery", "celery", "opentelemetry.instrumentation.celery", "CeleryInstrumentor"),
    ("requests", "requests", "opentelemetry.instrumentation.requests", "RequestsInstrumentor"),
    ("redis", "redis", "opentelemetry.instrumentation.redis", "RedisInstrumentor"),
    ("httpx", "httpx", "opentelemetry.instrumentation.httpx", "HTTPXClientInstrumentor"),
)


def instrument(settings: Settings, is_own: bool = False) -> list[str]:
    """Instrument the libraries that are there; returns their names.

    Args:
        settings: which of them, and what of redis is recorded.
        is_own: whether the global tracer provider is this package's.
    """
    used: dict[str, None] = {}
    for name, library, module, instrumentor in _INSTRUMENTORS:
        if name in settings.disabled_instrumentations or not _is_installed(library):
            continue
        try:
            found = getattr(importlib.import_module(module), instrumentor)()
            # One that is instrumented by `opentelemetry-instrument` would warn.
            if not found.is_instrumented_by_opentelemetry:
                found.instrument(**_options(name, settings, is_own))
        except ModuleNotFoundError as error:
            _logger.warning("%s is not instrumented (%s): install thebot-tracing[%s]", name, error, name)
            continue
        except Exception as error:  # noqa: BLE001 - a library of another version is no reason not to start
            _logger.warning("%s is not instrumented: %r", name, error)
            continue
        used[name] = None
    return list(used)


def _is_installed(library: str) -> bool:
    """Whether a library is there itself: PyMySQL can take the name of MySQLdb."""
    spec = importlib.util.find_spec(library)
    return spec is not None and spec.name == library


def uninstrument() -> None:
    """Undo it."""
    undo()
    use(None)
    Queries.disconnect()
    for _, library, module, instrumentor in _INSTRUMENTORS:
        if _is_installed(library) and importlib.util.find_spec(module) is not None:
            found = getattr(importlib.import_module(module), instrumentor)()
            if found.is_instrumented_by_opentelemetry:
                found.uninstrument()


def _options(name: str, settings: Settings, is_own: bool) -> dict[str, Any]:
    if name == "redis":
        return {
            "tracer_provider": ChildrenOnlyProvider(trace.get_tracer_provider(), is_own),
            "request_hook": _cache_key if settings.record_cache_keys else None,
            "response_hook": _cache_hit,
        }
    if name in ("psycopg2", "psycopg", "mysql"):
        # Outside a request, a task or a span of the application's each query would be a trace of its own: 94 of one `migrate`.
        return {"tracer_provider": ChildrenOnlyProvider(trace.get_tracer_provider(), is_own)}
    return {"tracer_provider": LightProvider(trace.get_tracer_provider(), is_own)}


def _cache_key(span: Span, _client: Any, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> None:
    """Record the first key of a command. A session's key opens the session, so it is hidden, as are keys with a secret's name."""
    if len(args) > 1 and args[0] in _KEY_COMMANDS and isinstance(args[1], (str, bytes)) and span.is_recording():
        key = args[1].decode(errors="replace") if isinstance(args[1], bytes) else args[1]
        hidden = "session" in key.lower() or names_a_secret(key)
        span.set_attribute("cache.key", HIDDEN if hidden else key[:LONGEST_TEXT])


def _cache_hit(span: Span, _client: Any, response: Any) -> None:
    """Record whether a GET found something."""
    if span.is_recording() and getattr(span, "name", "") == "GET":
        span.set_attribute("cache.hit", response is not None)

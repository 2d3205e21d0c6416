"""Private names of the libraries that the package uses: those, and no others, and each is still there."""

import ast
import importlib
from pathlib import Path

import pytest
from conftest import PROJECT

import thebot_tracing
from thebot_tracing.encode import EncodedSpanExporter
from thebot_tracing.metric_exporter import MetricExporter
from thebot_tracing.session import ExportSession

SOURCES = [ast.parse(path.read_text()) for path in sorted(Path(thebot_tracing.__file__).parent.rglob("*.py"))]

# Where each one is; the tests of the module that uses it show that it does what it is used for.
EXPECTED = {
    "_importlib_metadata": "opentelemetry.util",
    "_logs": "opentelemetry.sdk",
    "_log_exporter": "opentelemetry.exporter.otlp.proto.http",
    "_get_client": "celery.backends.redis.RedisBackend",
    "_client": None,
    "_submit": None,
    "_compress": None,
    "_timeout": None,
    "_shutdown_event": None,
    "_preferred_temporality": None,
    "_preferred_aggregation": None,
    "_active_span_processor": None,
    "_span_processors": None,
    "_root": None,
}
# Not private, whatever they look like: a named tuple's method, a module of Python's.
PUBLIC = {"_replace", "_thread"}


def is_private(name):
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def own_names():
    """What the package defines itself."""
    for tree in SOURCES:
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield node.name
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node.attr


def used_names():
    for tree in SOURCES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield from (node.module or "").split(".")
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (part for alias in node.names for part in alias.name.split("."))


def test_the_list_is_complete():
    foreign = {name for name in used_names() if is_private(name)} - set(own_names())
    assert foreign == set(EXPECTED)


@pytest.mark.parametrize(("name", "place"), [(name, place) for name, place in EXPECTED.items() if place])
def test_it_is_there(name, place):
    if place.startswith("celery."):
        pytest.importorskip("redis")
    try:
        found = importlib.import_module(place)
    except ModuleNotFoundError:
        module, _, attribute = place.rpartition(".")
        found = getattr(importlib.import_module(module), attribute)
    # A module is an attribute once it is imported.
    assert hasattr(found, name) or importlib.import_module(f"{place}.{name}")


def test_those_of_instances_are_there():
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased

    exporter, metrics = EncodedSpanExporter(session=ExportSession(), timeout=7), MetricExporter()
    assert exporter._client._timeout == 7
    assert callable(exporter._client._submit)
    assert exporter._client._compress(b"x") == b"x"
    assert not metrics._client._shutdown_event.is_set()
    assert metrics._preferred_temporality
    assert metrics._preferred_aggregation is not None
    assert TracerProvider(shutdown_on_exit=False)._active_span_processor._span_processors == ()
    assert ParentBased(ALWAYS_ON)._root is ALWAYS_ON


def test_the_decision_lists_them():
    decision = PROJECT / "docs" / "decisions" / "0014-span-delivery.md"
    if not decision.exists():
        pytest.skip("a source distribution has no decisions")
    text = decision.read_text()
    assert [name for name in EXPECTED if name not in text] == []

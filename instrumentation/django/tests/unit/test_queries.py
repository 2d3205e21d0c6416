"""Queries of Django's connections, on SQLite. Those of PostgreSQL and MySQL are end-to-end tests."""

from types import SimpleNamespace

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from thebot_tracing import get_tracer
from thebot_tracing.conventions import BOTH, NEW, OLD, database_conventions
from thebot_tracing.queries import Queries, Recorder, _cursor_class, bare


@pytest.fixture
def connection(exporter):
    from django.db import connection

    # Opened before or after: it has a recorder.
    connection.ensure_connection()
    return connection


def queries(spans):
    return [span for span in spans() if span.kind is SpanKind.CLIENT]


def test_a_query_is_a_client_span_below_the_current_one(connection, spans):
    from api.models import Room

    with get_tracer("t").start_as_current_span("around") as around:
        list(Room.objects.filter(name="secret")[:3])
    (span,) = queries(spans)
    assert (span.name, span.parent.span_id) == ("SELECT", around.get_span_context().span_id)
    assert span.attributes["db.system"] == "sqlite"
    assert "memory" in span.attributes["db.name"]
    assert span.attributes["db.statement"].endswith('WHERE "api_room"."name" = %s LIMIT ?')
    assert "secret" not in str(dict(span.attributes))
    assert span.end_time > span.start_time


def test_each_kind_of_query_has_its_span(connection, spans):
    from api.models import Room

    with get_tracer("t").start_as_current_span("around"):
        Room.objects.bulk_create([Room(name="a"), Room(name="b")])
        list(Room.objects.iterator(chunk_size=1))
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE api_room SET name = %s WHERE name = %s", [("c", "a"), ("d", "b")])
            cursor.execute("DELETE FROM api_room WHERE name IN ('c', 'd')")
        list(Room.objects.raw("SELECT * FROM api_room WHERE 1 = 1"))
    assert [span.name for span in queries(spans) if span.name != "BEGIN"] == ["INSERT", "SELECT", "UPDATE", "DELETE", "SELECT"]
    assert queries(spans)[-2].attributes["db.statement"] == "DELETE FROM api_room WHERE name IN (?, ?)"


def test_a_query_that_fails_has_its_error(connection, spans):
    from django.db import OperationalError

    with get_tracer("t").start_as_current_span("around"), connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT * FROM nowhere")
    (span,) = queries(spans)
    assert span.status.status_code is StatusCode.ERROR
    assert span.events[0].attributes["exception.type"] == "django.db.utils.OperationalError"


def test_outside_a_span_and_below_one_that_is_not_recorded_there_is_none(connection, spans):
    from opentelemetry import trace
    from opentelemetry.instrumentation.utils import suppress_instrumentation
    from opentelemetry.trace import NonRecordingSpan, SpanContext

    def ask():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    ask()
    with trace.use_span(NonRecordingSpan(SpanContext(1, 2, is_remote=False))):
        ask()
    with get_tracer("t").start_as_current_span("around"):
        with suppress_instrumentation():
            ask()
        with get_tracer("t").start_as_current_span("sends", kind=SpanKind.PRODUCER, attributes={"celery.action": "apply_async"}):
            ask()
    assert queries(spans) == []


def test_an_application_s_own_wrapper_keeps_its_place(exporter, spans):
    """It may be what opens the connection."""
    from django.db import connections

    other = connections["default"].copy("other")
    seen = []

    def own(execute, *args):
        seen.append(args[0])
        return execute(*args)

    with get_tracer("t").start_as_current_span("around"):
        with other.execute_wrapper(own), other.cursor() as cursor:
            cursor.execute("SELECT 1")
        with other.cursor() as cursor:
            cursor.execute("SELECT 2")
    other.close()
    assert seen == ["SELECT 1"]
    assert [type(wrapper) for wrapper in other.execute_wrappers] == [Recorder]
    assert [span.attributes["db.statement"] for span in queries(spans)] == ["SELECT ?", "SELECT ?"]


def test_a_connection_that_is_opened_again_has_one_recorder(exporter, spans):
    from django.db import connections

    other = connections["default"].copy("other")
    for _ in range(3):
        other.ensure_connection()
        other.close()
    assert len(other.execute_wrappers) == 1


@pytest.mark.parametrize(
    ("opt_in", "wanted"), [("", OLD), ("http", OLD), ("http/dup", OLD), ("database", NEW), ("database/dup", BOTH), ("http,database", NEW)]
)
def test_conventions_of_databases_are_asked_for_by_the_standard_variable(opt_in, wanted):
    assert database_conventions(opt_in) == wanted


def test_stable_attributes_and_metric(exporter, spans, monkeypatch):
    from django.db import connections
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    meter = MeterProvider(metric_readers=[reader], shutdown_on_exit=False).get_meter("t")
    monkeypatch.setattr("thebot_tracing.queries.metrics.get_meter", lambda _: meter)
    own = Queries(NEW, NEW, sanitize=False)
    other = connections["default"].copy("other")
    other.settings_dict["HOST"] = "db.example"
    other.connect()
    other.execute_wrappers.clear()
    own._connected(other)
    with get_tracer("t").start_as_current_span("around"), other.cursor() as cursor:
        cursor.execute("SELECT 'shown'")
    other.close()
    (span,) = queries(spans)
    assert span.attributes["db.system.name"] == "sqlite"
    assert span.attributes["server.address"] == "db.example"
    assert span.attributes["db.query.text"] == "SELECT 'shown'"
    assert "db.statement" not in span.attributes
    (metric,) = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    (point,) = metric.data.data_points
    assert (metric.name, point.count, point.attributes["db.operation.name"]) == ("db.client.operation.duration", 1, "SELECT")


def test_a_driver_that_is_switched_off_has_no_recorder(exporter):
    from django.db import connections

    other = connections["default"].copy("other")
    other.connect()
    other.execute_wrappers.clear()
    Queries(OLD, OLD, sanitize=True, disabled=frozenset(("sqlite3",)))._connected(other)
    other.close()
    assert other.execute_wrappers == []


def test_a_cursor_class_has_what_its_driver_has():
    class Old:
        def copy_expert(self, sql, file):
            return sql

    class New:
        def copy(self, sql):
            return sql

        def stream(self, sql):
            yield sql

    assert not hasattr(_cursor_class(Old), "stream")
    assert not hasattr(_cursor_class(New), "copy_expert")
    assert _cursor_class(New) is _cursor_class(New)


def test_a_cursor_class_of_a_recorder_is_not_made_of_itself():
    recorder = Recorder(Queries(OLD, OLD, sanitize=True), SimpleNamespace(vendor="mysql"))
    made = recorder.cursor_class(type("Driver", (), {"callproc": lambda self, name: name}))
    assert recorder.cursor_class(made) is made


def test_a_failure_of_the_package_reaches_no_query(connection, spans, monkeypatch, caplog):
    from django.db import connections

    def fails(*_args, **_options):
        raise RuntimeError("a defect")

    with get_tracer("t").start_as_current_span("around"):
        for name in ("_started", "_ended"):
            with monkeypatch.context() as patched, connection.cursor() as cursor:
                patched.setattr(Recorder, name, fails)
                assert cursor.execute("SELECT 7").fetchone() == (7,)
        other = connections["default"].copy("other")
        monkeypatch.setattr(Queries, "_known", fails)
        with other.cursor() as cursor:
            assert cursor.execute("SELECT 8").fetchone() == (8,)
        other.close()
    assert [record.exc_info[0] for record in caplog.records] == [RuntimeError] * 3


def test_the_proxy_of_a_driver_s_instrumentation_is_taken_off():
    from opentelemetry.instrumentation.dbapi import TracedConnectionProxy

    driver = SimpleNamespace(cursorclass=object)
    assert bare(TracedConnectionProxy(driver)) is driver
    assert bare(driver) is driver

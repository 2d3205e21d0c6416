"""Asks a database in each way that Django has, and prints the spans as JSON.

python database_program.py postgresql|mysql|sqlite3 <driver> [pool|persistent]
"""

import json
import os
import sys

VENDOR, DRIVER, *MORE = sys.argv[1:]
if DRIVER == "pymysql":
    import pymysql

    pymysql.install_as_MySQLdb()
if DRIVER == "psycopg2":
    # As where it is not installed: Django takes the other one.
    sys.modules["psycopg"] = None

from django.conf import settings  # noqa: E402

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "api"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": f"django.db.backends.{VENDOR}",
            "HOST": "127.0.0.1",
            "PORT": os.environ["DATABASE_PORT"],
            "NAME": "example",
            "USER": "example",
            "PASSWORD": "example",
            "OPTIONS": {"pool": True} if "pool" in MORE else {},
            "CONN_MAX_AGE": None if "persistent" in MORE else 0,
        }
        if VENDOR != "sqlite3"
        else {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE_FILE"]}
    },
)

import django  # noqa: E402
from opentelemetry import trace  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

import thebot_tracing  # noqa: E402

os.environ["OTEL_TRACES_EXPORTER"] = "none"
thebot_tracing.init_tracing()
memory = InMemorySpanExporter()
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(memory))
django.setup()

from api.models import Room  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

call_command("migrate", verbosity=0)
tracer = thebot_tracing.get_tracer("t")
spans = {}


def step(name, work):
    memory.clear()
    with tracer.start_as_current_span(name):
        result = work()
    spans[name] = [
        {"name": span.name, **{key: value for key, value in span.attributes.items() if key.startswith(("db.", "net."))}}
        for span in memory.get_finished_spans()
        if span.name != name
    ]
    return result


def raw(sql, many=None):
    with connection.cursor() as cursor:
        return cursor.executemany(sql, many) if many else cursor.execute(sql)


def iterated():
    with transaction.atomic():
        return list(Room.objects.iterator(chunk_size=2))


def copied_in():
    with connection.cursor() as cursor:
        if DRIVER == "psycopg2":
            import io

            cursor.copy_expert("COPY api_room (name) FROM STDIN", io.StringIO("copied\n"))
            cursor.copy_from(io.StringIO("copied\n"), "api_room", columns=("name",))
        else:
            with cursor.copy("COPY api_room (name) FROM STDIN WHERE name <> 'secret'") as copy:
                copy.write_row(("copied",))


def streamed():
    with connection.cursor() as cursor:
        return list(cursor.stream("SELECT name FROM api_room WHERE name <> 'secret'"))


def composed():
    from psycopg import sql

    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT {} FROM api_room").format(sql.Literal("secret")))


def function():
    if VENDOR == "mysql":
        raw("DROP PROCEDURE IF EXISTS answer")
        raw("CREATE PROCEDURE answer(IN given VARCHAR(20)) SELECT given")
    else:
        raw("CREATE OR REPLACE FUNCTION answer(text) RETURNS text AS 'SELECT $1' LANGUAGE sql")
    with connection.cursor() as cursor:
        cursor.callproc("answer", ["secret"])
        assert cursor.fetchall() == (("secret",),) if VENDOR == "mysql" else [("secret",)]


def failing():
    from django.db import DatabaseError

    try:
        raw("SELECT * FROM nowhere")
    except DatabaseError:
        return
    raise AssertionError("no error")


raw("DELETE FROM api_room")
step("orm", lambda: Room.objects.create(name="secret"))
step("many", lambda: raw("INSERT INTO api_room (name) VALUES (%s)", [("a",), ("b",), ("c",)]))
step("literal", lambda: raw("SELECT * FROM api_room WHERE name = 'secret' LIMIT 7"))
rows = step("iterator", iterated)
assert len(rows) == 4, rows
step("failing", failing)
if VENDOR != "sqlite3":
    step("function", function)
if VENDOR == "postgresql":
    step("copy", copied_in)
    if DRIVER == "psycopg":
        assert len(step("stream", streamed)) == 4
        step("composed", composed)
# As Django does after each request: a persistent connection stays, one of a pool goes back to it.
from django.db import close_old_connections  # noqa: E402

for _ in range(3):
    close_old_connections()
    step("again", lambda: raw("SELECT 1"))
# A connection that Django has not opened: its driver's own instrumentation.
if VENDOR != "sqlite3":
    driver = __import__(DRIVER)
    account = {"user": "example"} | ({"password": "example"} if VENDOR == "mysql" else {})

    def foreign():
        name = {"database": "example"} if VENDOR == "mysql" else {"dbname": "example"}
        own = driver.connect(host="127.0.0.1", port=int(os.environ["DATABASE_PORT"]), **name, **account)
        own.cursor().execute("SELECT 2")
        own.close()

    step("foreign", foreign)
print(json.dumps(spans))

"""Every kind of query has one span, on each database and driver, with a pool and without. It needs no stack."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import django
import pytest
from conftest import EXAMPLE, PACKAGE

from e2e import systems

PROGRAM = Path(__file__).with_name("database_program.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("databases")
    # PostgreSQL's user must reach its data.
    for parent in (found, *found.parents[:2]):
        parent.chmod(0o755)
    return found


@pytest.fixture(scope="module")
def postgresql(folder):
    process, port = systems.postgres(folder)
    yield port
    process.stop()


@pytest.fixture(scope="module")
def mysql(folder):
    process, port = systems.mysql(folder)
    yield port
    process.stop()


def asked(port, *arguments, file=""):
    """The spans of each step."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "TRACING_", "DJANGO_"))}
    path = os.pathsep.join([str(PACKAGE / "src"), str(EXAMPLE), *filter(None, [env.get("PYTHONPATH")])])
    command = [sys.executable, str(PROGRAM), *arguments]
    result = subprocess.run(
        command,
        env={**env, "PYTHONPATH": path, "DATABASE_PORT": str(port), "DATABASE_FILE": str(file)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def names(spans):
    """Of each step, without what a transaction and Django's set-up of a new connection say."""
    said = ("BEGIN", "SET", "SELECT set_config")
    return {step: [span["name"] for span in found if not span["db.statement"].startswith(said)] for step, found in spans.items()}


COMMON = {
    "orm": ["INSERT"], "many": ["INSERT"], "literal": ["SELECT"], "iterator": ["SELECT"], "failing": ["SELECT"], "again": ["SELECT"],
}  # fmt: skip
# With a pool and without: `persistent` keeps a thread's connection, as a pool of one.
CONNECTIONS = pytest.mark.parametrize("more", [(), ("persistent",), ("pool",)], ids=["", "persistent", "pool"])


def check(spans, system, port, is_own=lambda step: step != "foreign"):
    own = [span for step, found in spans.items() if is_own(step) for span in found]
    assert {(span["db.system"], span["db.name"], span["db.user"]) for span in own} == {(system, "example", "example")}
    assert {(span["net.peer.name"], span["net.peer.port"]) for span in own} == {("127.0.0.1", port)}
    assert "secret" not in json.dumps(own)
    assert spans["literal"][-1]["db.statement"] == "SELECT * FROM api_room WHERE name = ? LIMIT ?"


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
@CONNECTIONS
def test_postgresql(postgresql, driver, more):
    pool = "pool" in more
    if pool and (driver == "psycopg2" or django.VERSION < (5, 1) or importlib.util.find_spec("psycopg_pool") is None):
        pytest.skip("a pool needs Django 5.1, psycopg 3 and psycopg_pool")
    spans = asked(postgresql, "postgresql", driver, *more)
    wanted = {**COMMON, "copy": ["COPY"], "function": ["CREATE", "CALL"], "foreign": ["SELECT"]}
    more = {"stream": ["SELECT"], "composed": ["SELECT"]} if driver == "psycopg" else {"copy": ["COPY", "COPY"]}
    assert names(spans) == wanted | more
    check(spans, "postgresql", postgresql)


@pytest.mark.parametrize("driver", ["pymysql", "MySQLdb"])
@CONNECTIONS
@pytest.mark.skipif(shutil.which("mariadb-install-db") is None, reason="MariaDB is not installed")
def test_mysql(mysql, driver, more):
    if "pool" in more:
        pytest.skip("Django has no pool for MySQL")
    if importlib.util.find_spec(driver) is None:
        pytest.skip(f"{driver} is not installed")
    spans = asked(mysql, "mysql", driver, *more)
    assert names(spans) == {**COMMON, "function": ["DROP", "CREATE", "CALL"], "foreign": ["SELECT"]}
    check(spans, "mysql", mysql)


def test_sqlite(folder):
    spans = asked(0, "sqlite3", "sqlite3", file=folder / "db.sqlite3")
    assert names(spans) == COMMON
    assert "secret" not in json.dumps(spans)

"""Statements without literals: whatever a literal holds, nothing of it is left."""

import sqlite3
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thebot_tracing.statements import LONGEST, described


def text(sql, vendor="postgresql", sanitize=True):
    return described(sql, vendor, sanitize).text


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ('SELECT "a"."b1" FROM "a" WHERE "a"."id" = %s LIMIT 21', 'SELECT "a"."b1" FROM "a" WHERE "a"."id" = %s LIMIT ?'),
        ("SELECT * FROM t1 WHERE name = 'O''Brien' AND age > 18", "SELECT * FROM t1 WHERE name = ? AND age > ?"),
        ("SELECT $1, :2, %(p3)s, $$secret$$, $tag$se$$cret$tag$", "SELECT $1, :2, %(p3)s, ?, ?"),
        (r"SELECT E'a\'secret', 'C:\', 'x'", "SELECT ?, ?, ?"),
        ("/* secret */ SELECT 1.5e-3, -2, .5, 0xFF -- secret\n FROM x2y", "SELECT ?, -?, ?, ?  \n FROM x2y"),
        ("INSERT INTO t VALUES (b'01', X'1F', U&'secret', TRUE, NULL)", "INSERT INTO t VALUES (?, ?, ?, TRUE, NULL)"),
        ("SELECT 'never ends", "SELECT ?"),
        ('SELECT "never ends', 'SELECT "never ends'),
        ("SELECT $$never ends", "SELECT ?"),
        ("SELECT 1 /* never ends", "SELECT ?"),
    ],
)
def test_literals_and_comments_are_left_out(sql, wanted):
    assert text(sql) == wanted


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT `a1` FROM `t` WHERE b = \"secret\" AND c = 'it\\'s'", "SELECT `a1` FROM `t` WHERE b = ? AND c = ?"),
        ('SELECT "a\\"secret", "a""secret" # secret\n, _utf8mb4\'secret\'', "SELECT ?, ?  \n, ?"),
        ("SELECT 'ends with a backslash\\", "SELECT ?"),
    ],
)
def test_mysql_has_literals_of_its_own(sql, wanted):
    assert text(sql, "mysql") == wanted


@given(st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=40).map(lambda found: f"secret{found}secret"))
def test_nothing_of_a_literal_is_left_as_the_database_itself_writes_it(value):
    """SQLite's own function writes the literal, and reads it again."""
    connection = sqlite3.connect(":memory:")
    literal = connection.execute("SELECT quote(?)", (value,)).fetchone()[0]
    assert connection.execute(f"SELECT {literal}").fetchone()[0] == value
    connection.close()
    for vendor in ("postgresql", "sqlite"):
        assert text(f"SELECT {literal}, x FROM t WHERE y = {literal}", vendor) == "SELECT ?, x FROM t WHERE y = ?"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    assert text(f"SELECT '{escaped}', x FROM t WHERE y = '{escaped}'", "mysql") == "SELECT ?, x FROM t WHERE y = ?"


@given(st.text(max_size=200), st.sampled_from(["postgresql", "mysql", "sqlite", "oracle"]))
def test_any_text_is_described(sql, vendor):
    found = described(sql, vendor, True)
    assert len(found.text) <= LONGEST
    assert found.operation == (found.text.split(None, 1) or [""])[0]


def test_the_length_is_bounded_and_so_is_the_time():
    sql = "INSERT INTO t VALUES " + ", ".join(f"('secret {i}', {i})" for i in range(200_000))
    began = time.process_time()
    found = described(sql, "postgresql", True)
    assert time.process_time() - began < 0.2
    assert (found.operation, len(found.text) <= LONGEST, "secret" in found.text) == ("INSERT", True, False)
    assert len(described(sql, "postgresql", False).text) == LONGEST


@pytest.mark.parametrize("sql", ["'" * 16_000, "/*" * 8_000, "$a" * 8_000, "e'" * 8_000, '"' * 15_999, "1." * 8_000, "\\'" * 8_000])
@pytest.mark.parametrize("vendor", ["postgresql", "mysql"])
def test_no_statement_takes_long(sql, vendor):
    began = time.process_time()
    described(sql, vendor, True)
    assert time.process_time() - began < 1


def test_it_is_recorded_as_it_is_where_the_settings_say_so():
    assert text("/* c */ SELECT 'x'", sanitize=False) == "/* c */ SELECT 'x'"
    assert described("/* c */ SELECT 'x'", "sqlite", False).operation == "SELECT"

"""SQL statements as they are recorded: without literals and comments, and of a bounded length."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

LONGEST = 4096
"""Characters of a statement that are recorded, at most."""
# Characters that are looked at: a statement that fills a table with literals may have megabytes.
_READ = 4 * LONGEST
_PLACE = "?"

# What may not be looked into is named: comments go, identifiers and placeholders stay. A literal that does not end goes to the end.
_COMMENT = r"(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
_NUMBER = r"(?<![\w$:@%.])\.?[0-9][\w.]*(?:(?<=[eE])[+-][0-9]+)?"
_ESCAPED = r"'(?:[^'\\]|''|\\.)*(?:'|\\?\Z)"
_STANDARD = re.compile(
    rf"""{_COMMENT}|(?P<kept>"(?:[^"]|"")*(?:"|\Z)|`[^`]*(?:`|\Z))|(?<!\w)[eE]{_ESCAPED}"""
    rf"""|(?:(?<!\w)(?:[bBnNxX]|[uU]&))?'(?:[^']|'')*(?:'|\Z)|(?<!\w)\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)|{_NUMBER}""",
    re.DOTALL,
)
# Here a backslash escapes, a hash begins a comment, and double quotes hold a text.
_MYSQL = re.compile(
    rf"""{_COMMENT}|(?P<hash>\#[^\n]*)|(?P<kept>`[^`]*(?:`|\Z))|(?:(?<!\w)(?:[bBnNxX]|_\w+\s*))?{_ESCAPED}"""
    rf"""|"(?:[^"\\]|""|\\.)*(?:"|\\?\Z)|{_NUMBER}""",
    re.DOTALL,
)


class Statement(NamedTuple):
    """A statement as it is recorded."""

    operation: str
    """Its first word, such as SELECT; empty where it has none."""
    text: str


def described(sql: str, vendor: str, sanitize: bool) -> Statement:
    """What is recorded of a statement.

    Args:
        sql: the statement, as the application or the ORM wrote it.
        vendor: Django's name of the database's kind, such as mysql: it says what a literal is.
        sanitize: whether literals and comments are left out.
    """
    # Most statements are the same again and again, for other parameters.
    return _remembered(sql, vendor, sanitize) if len(sql) <= LONGEST else _described(sql[:_READ], vendor, sanitize)


def _described(sql: str, vendor: str, sanitize: bool) -> Statement:
    bare = _sanitized(sql, vendor).strip()
    text = bare if sanitize else sql
    return Statement(bare.split(None, 1)[0] if bare else "", text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


_remembered = lru_cache(2048)(_described)


def _sanitized(sql: str, vendor: str) -> str:
    return (_MYSQL if vendor == "mysql" else _STANDARD).sub(_replacement, sql)


def _replacement(found: re.Match[str]) -> str:
    groups = found.groupdict()
    if groups.get("kept") is not None:
        return found[0]
    return " " if groups.get("comment") is not None or groups.get("hash") is not None else _PLACE

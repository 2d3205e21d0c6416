"""Operations, `METHOD /path` patterns of sampling rules, and the one normaliser that says which requests they mean.

- `*` is a whole segment or part of one, never across a slash; `**`, a segment of its own, is any number of segments, also none.
- A route part such as `<int:id>` in a pattern means `*`, also as a part of a segment.
- Case matters. A slash at either end and the query string do not; neither do scheme and host of a URL.

tests/vectors/sampling.json holds this and the stack's own implementation to the same answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPERATION = re.compile(r"([A-Z]+) +(/[^\s]*)", re.ASCII)
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&()+,;=:@%<>*-]+", re.ASCII)
_WHOLE = re.compile(r"[*]|<[^<>]+>", re.ASCII)
_PART = re.compile(r"<[^<>]+>|[^A-Za-z0-9]", re.ASCII)

_START = "(?:[^/?:]+://[^/?]*/|/?)"
"""Scheme and host of an absolute URL with the slash that ends them, or the optional slash in front of a path or a route."""


@dataclass(frozen=True)
class Operation:
    """A parsed operation."""

    text: str
    """As it is written, normalised: one blank, a leading slash."""
    method: str
    """HTTP method, upper case."""
    path: re.Pattern[str]
    """What a path, a target with query string, a route or an absolute URL must match."""

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is meant."""
        return self.method == method and self.path.fullmatch(path) is not None


def parse_operation(text: str) -> Operation | None:
    """Parse `METHOD /path`; None where the text is none."""
    match = _OPERATION.fullmatch(text)
    if match is None:
        return None
    method, path = match.groups()
    pattern = parse_path(path)
    return None if pattern is None else Operation(f"{method} {path}", method, pattern)


def parse_path(path: str) -> re.Pattern[str] | None:
    """Parse the path of an operation; None where the text is none."""
    segments = [segment for segment in path.split("/") if segment]
    if not path.startswith("/") or "//" in path:
        return None
    if any(_SEGMENT.fullmatch(segment) is None or ("**" in segment and segment != "**") for segment in segments):
        return None
    return re.compile(f"{_START}{_path_pattern(segments)}(?:[?].*)?")


def _path_pattern(segments: list[str]) -> str:
    """What repeats holds a slash that tells its rounds apart, so that no text takes long to match."""
    once = [segment for i, segment in enumerate(segments) if segment != "**" or i == 0 or segments[i - 1] != "**"]
    if not once:
        return ""
    first, *others = once
    rest = "".join("(?:/[^/?]+)*" if segment == "**" else f"/{_segment_pattern(segment)}" for segment in others)
    if first != "**":
        return f"{_segment_pattern(first)}{rest}/?"
    return f"(?:[^/?]+/)*{rest[1:]}/?" if rest else "(?:[^/?]+/)*[^/?]*"


def _segment_pattern(segment: str) -> str:
    if _WHOLE.fullmatch(segment):
        return "[^/?]+"
    return _PART.sub(lambda m: "[^/?]*" if m[0] == "*" or len(m[0]) > 1 else f"[{m[0]}]", segment)

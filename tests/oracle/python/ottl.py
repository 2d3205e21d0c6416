"""Conditions on one span in the Collector's OTTL, as far as sampling policies use it. Whatever else stands in one is an error."""

import re
from dataclasses import dataclass, field
from typing import Any, Callable


@dataclass(frozen=True)
class Span:
    """A span as OTLP carries it."""

    trace_id: str
    parent: str
    kind: int
    status: int
    start: int
    end: int
    attributes: dict[str, Any] = field(default_factory=dict)
    resource: dict[str, Any] = field(default_factory=dict)


Expression = Callable[[Span], Any]

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|(\d+)|([A-Za-z_][A-Za-z0-9_.]*)|(==|!=|>=|<=|[><()\[\],+-]))')
_ENUMS = {
    "STATUS_CODE_UNSET": 0,
    "STATUS_CODE_OK": 1,
    "STATUS_CODE_ERROR": 2,
    "SPAN_KIND_UNSPECIFIED": 0,
    "SPAN_KIND_INTERNAL": 1,
    "SPAN_KIND_SERVER": 2,
    "SPAN_KIND_CLIENT": 3,
    "SPAN_KIND_PRODUCER": 4,
    "SPAN_KIND_CONSUMER": 5,
}
_FIELDS: dict[str, Expression] = {
    "kind": lambda span: span.kind,
    "status.code": lambda span: span.status,
    "start_time_unix_nano": lambda span: span.start,
    "end_time_unix_nano": lambda span: span.end,
}
_MAPS: dict[str, Expression] = {
    "attributes": lambda span: span.attributes,
    "resource.attributes": lambda span: span.resource,
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: type(a) is type(b) and a == b,
    "!=": lambda a, b: not (type(a) is type(b) and a == b),
    ">=": lambda a, b: type(a) is type(b) and a >= b,
    "<=": lambda a, b: type(a) is type(b) and a <= b,
    ">": lambda a, b: type(a) is type(b) and a > b,
    "<": lambda a, b: type(a) is type(b) and a < b,
}


def condition(text: str) -> Callable[[Span], bool]:
    """Reads a condition.

    Raises ValueError where it holds anything but what is known here.
    """
    parser = _Parser(text)
    expression = parser.disjunction()
    parser.end()
    return lambda span: bool(expression(span))


def _is_match(target: Any, pattern: re.Pattern[str]) -> bool:
    if target is None:
        return False
    if isinstance(target, bool):
        target = "true" if target else "false"
    return pattern.search(str(target)) is not None


def _pattern(text: str) -> re.Pattern[str]:
    # In RE2 `$` is the end of the text; in Python it may stand before a line break.
    return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", text))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, at = text, [], 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(f"cannot read {text[at:]!r} in {text!r}")
            self.tokens.append(found.group(found.lastindex or 0))
            at = found.end()
        self.at = 0

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if token is None or (wanted is not None and token != wanted):
            raise ValueError(f"found {token!r}, want {wanted!r} in {self.text!r}")
        self.at += 1
        return token

    def end(self) -> None:
        if self.peek() is not None:
            raise ValueError(f"found {self.peek()!r} after the end of {self.text!r}")

    def disjunction(self) -> Expression:
        parts = [self.conjunction()]
        while self.peek() == "or":
            self.take()
            parts.append(self.conjunction())
        return lambda span: any(part(span) for part in parts)

    def conjunction(self) -> Expression:
        parts = [self.negation()]
        while self.peek() == "and":
            self.take()
            parts.append(self.negation())
        return lambda span: all(part(span) for part in parts)

    def negation(self) -> Expression:
        if self.peek() == "not":
            self.take()
            inner = self.negation()
            return lambda span: not inner(span)
        return self.comparison()

    def comparison(self) -> Expression:
        if self.peek() == "(":
            self.take()
            inner = self.disjunction()
            self.take(")")
            return inner
        left = self.sum()
        if self.peek() not in _COMPARISONS:
            return left
        compare, right = _COMPARISONS[self.take()], self.sum()
        return lambda span: compare(left(span), right(span))

    def sum(self) -> Expression:
        total = self.value()
        while self.peek() in ("+", "-"):
            total = self._add(total, 1 if self.take() == "+" else -1, self.value())
        return total

    @staticmethod
    def _add(left: Expression, sign: int, right: Expression) -> Expression:
        return lambda span: left(span) + sign * right(span)

    def value(self) -> Expression:
        token = self.take()
        if token.startswith('"'):
            text = self.string(token)
            return lambda span: text
        if token.isdigit():
            number = int(token)
            return lambda span: number
        if token in _ENUMS:
            enum = _ENUMS[token]
            return lambda span: enum
        if token in _FIELDS:
            return _FIELDS[token]
        if token in _MAPS:
            self.take("[")
            key, values = self.string(self.take()), _MAPS[token]
            self.take("]")
            return lambda span: values(span).get(key)
        if token == "IsRootSpan":
            self.take("(")
            self.take(")")
            return lambda span: span.parent == ""
        if token == "IsMatch":
            self.take("(")
            target = self.value()
            self.take(",")
            pattern = _pattern(self.string(self.take()))
            self.take(")")
            return lambda span: _is_match(target(span), pattern)
        raise ValueError(f"unknown word {token!r} in {self.text!r}")

    @staticmethod
    def string(token: str) -> str:
        if not token.startswith('"') or "\\" in token:
            raise ValueError(f"found {token}, want a string without backslash")
        return token[1:-1]

"""The sampling model as the stack hands it to an application, in the variable TRACING_SAMPLING_RULES."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from .operations import Operation, parse_operation

_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,12})?", re.ASCII)


def percentage(value: object) -> float | None:
    """A percentage, 0 to 100, of a number or a strict decimal (no sign, no exponent, no blanks); None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and _PERCENT.fullmatch(value) is None:
        return None
    number = float(value)
    return number if 0 <= number <= 100 else None


@dataclass(frozen=True)
class Rule:
    """How much is kept of the requests that an operation means."""

    operation: Operation
    percent: float


@dataclass(frozen=True)
class Rules:
    """The model: the first operation that matches says the rate, else the default does. Percent, 0 to 100."""

    default: float = 100.0
    errors: float = 100.0
    operations: tuple[Rule, ...] = ()

    def rule(self, method: str, path: str) -> Rule | None:
        """The rule that holds for a request."""
        return next((rule for rule in self.operations if rule.operation.matches(method, path)), None)


def parse_rules(text: str, name: str) -> tuple[Rules, list[str]]:
    """Read the model from JSON. All errors at once: where, what was found, what is allowed."""
    try:
        model = json.loads(text)
    except ValueError as error:
        return Rules(), [f"{name}: found no JSON ({error})"]
    if not isinstance(model, dict):
        return Rules(), [f"{name}: found {model!r}; allowed is an object with default, errors and operations"]
    errors = [f"{name}.{key}: unknown" for key in model.keys() - {"default", "errors", "operations"}]

    def percent(container: dict[str, Any], key: str, where: str, default: float | None) -> float:
        value = container.get(key, default)
        found = percentage(value)
        if found is None:
            errors.append(f"{where}.{key}: found {value!r}; allowed is a percentage, 0 to 100")
        return 0.0 if found is None else found

    rules: list[Rule] = []
    listed = model.get("operations", [])
    if not isinstance(listed, list):
        errors.append(f"{name}.operations: found {listed!r}; allowed is a list")
        listed = []
    for i, entry in enumerate(listed):
        where = f"{name}.operations[{i}]"
        if not isinstance(entry, dict):
            errors.append(f"{where}: found {entry!r}; allowed is an object with operation and percent")
            continue
        operation = parse_operation(entry["operation"]) if isinstance(entry.get("operation"), str) else None
        if operation is None:
            errors.append(f"{where}.operation: found {entry.get('operation')!r}; allowed is METHOD /path")
        kept = percent(entry, "percent", where, None)
        if operation is not None:
            rules.append(Rule(operation, kept))
    return Rules(percent(model, "default", name, 100), percent(model, "errors", name, 100), tuple(rules)), errors

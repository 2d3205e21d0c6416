"""Methods and functions of libraries that are replaced by ones that wrap them, and how they come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_undo: list[Callable[[], None]] = []


def replace(owner: object, name: str, method: Callable[..., Any]) -> None:
    """Replace a method of a class, or a function of a module."""
    before = getattr(owner, name)
    setattr(owner, name, method)
    _undo.append(lambda: setattr(owner, name, before))


def undo() -> None:
    """Leave the libraries as they were."""
    while _undo:
        _undo.pop()()

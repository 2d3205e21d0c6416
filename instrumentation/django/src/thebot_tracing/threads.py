"""Which process this is, and which kind of threads it has: a lock or a thread serves one of each only.

A fork copies a lock as it is, and not the thread that holds it. gevent and eventlet replace Python's threads, and do so after a preloading
server has loaded the application: a lock from before belongs to the whole operating system thread, that is to all greenlets at once.
"""

from __future__ import annotations

import _thread
import os
import sys
import types
from typing import NamedTuple


class Place(NamedTuple):
    """A process, and what makes its locks."""

    pid: int
    locks: object


def here() -> Place:
    """The current process and kind of threads. What was made in another place must be made again."""
    return Place(os.getpid(), _thread.allocate_lock)


def may_change() -> bool:
    """Whether gevent or eventlet is loaded and has not replaced the threads yet: a thread that starts now would be of the wrong kind."""
    green = any(name in sys.modules for name in ("gevent", "eventlet"))
    return green and isinstance(_thread.allocate_lock, types.BuiltinFunctionType)

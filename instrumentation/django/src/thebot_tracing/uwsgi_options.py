"""What uWSGI must be told, so that threads run, its forks are Python's forks, and its workers end as Python does."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping

_logger = logging.getLogger(__name__)
# With any of these each process runs Python's hooks after a fork, or loads the application itself.
_FORKS = ("py-call-uwsgi-fork-hooks", "py-call-osafterfork", "lazy-apps", "lazy")
# uWSGI runs exit handlers in an idle worker only; this lets a busy one finish its request first.
_GRACEFUL = "unix_signal:15 gracefully_kill_them_all"
_OFF = (None, False, b"", b"0", b"false", b"no", b"off")


def missing_options(options: Mapping[str, object], threads: bool, processes: int) -> list[str]:
    """What is wrong with uWSGI's options, one sentence each.

    Args:
        options: `uwsgi.opt`: True for a flag, else its text, or a list of texts.
        threads: `uwsgi.has_threads`.
        processes: `uwsgi.numproc`.
    """
    errors = []
    if not threads:
        errors.append("uWSGI runs no threads of Python: spans are sent from one; set enable-threads = true")
    forks = processes > 1 or _on(options, "master")
    if forks and not any(_on(options, name) for name in _FORKS):
        errors.append(
            "uWSGI forks without Python's hooks: metrics are lost, and all processes are one instance; "
            "set py-call-uwsgi-fork-hooks = true (or lazy-apps = true)"
        )
    if _on(options, "die-on-term") and _GRACEFUL not in _texts(options, "hook-master-start"):
        errors.append(
            "uWSGI ends a busy worker without exit handlers: its request and up to a second of spans are lost; "
            f"set hook-master-start = {_GRACEFUL}"
        )
    return errors


def _on(options: Mapping[str, object], name: str) -> bool:
    return options.get(name) not in _OFF


def _texts(options: Mapping[str, object], name: str) -> list[str]:
    """An option that may be given more than once: one value, or a list."""
    found = options.get(name)
    values = found if isinstance(found, list) else [found]
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def warn_of_uwsgi() -> None:
    """Under uWSGI, log what its options lack."""
    try:
        uwsgi = importlib.import_module("uwsgi")
    except ImportError:
        return
    for error in missing_options(uwsgi.opt, bool(uwsgi.has_threads), uwsgi.numproc):
        _logger.warning(error)

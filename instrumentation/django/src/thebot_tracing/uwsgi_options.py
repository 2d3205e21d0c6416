"""What uWSGI must be told, so that threads run and its forks are Python's forks."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping

_logger = logging.getLogger(__name__)
# With any of these each process runs Python's hooks after a fork, or loads the application itself.
_FORKS = ("py-call-uwsgi-fork-hooks", "py-call-osafterfork", "lazy-apps", "lazy")
_OFF = (None, False, b"", b"0", b"false", b"no", b"off")


def missing_options(options: Mapping[str, object], threads: bool, processes: int) -> list[str]:
    """What is wrong with uWSGI's options, one sentence each.

    Args:
        options: `uwsgi.opt`: True for a flag, else its text.
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
    return errors


def _on(options: Mapping[str, object], name: str) -> bool:
    return options.get(name) not in _OFF


def warn_of_uwsgi() -> None:
    """Under uWSGI, log what its options lack."""
    try:
        uwsgi = importlib.import_module("uwsgi")
    except ImportError:
        return
    for error in missing_options(uwsgi.opt, bool(uwsgi.has_threads), uwsgi.numproc):
        _logger.warning(error)

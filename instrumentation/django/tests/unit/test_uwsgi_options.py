"""Rung: unit. What uWSGI's options lack is said; tests/e2e/test_servers.py runs uWSGI itself."""

import sys
import types

import pytest

from thebot_tracing.uwsgi_options import missing_options, warn_of_uwsgi

THREADS = "uWSGI runs no threads of Python"
FORKS = "uWSGI forks without Python's hooks"
END = "uWSGI ends a busy worker without exit handlers"
GRACEFUL = b"unix_signal:15 gracefully_kill_them_all"


@pytest.mark.parametrize(
    ("options", "threads", "processes", "said"),
    [
        ({}, False, 1, [THREADS]),
        ({}, True, 1, []),
        ({"master": True}, False, 1, [THREADS, FORKS]),
        ({"master": b"true"}, True, 1, [FORKS]),
        ({"master": b"false"}, True, 1, []),
        ({}, True, 4, [FORKS]),
        ({"lazy-apps": b"false"}, True, 4, [FORKS]),
        *[({"master": True, name: True}, True, 4, []) for name in ("py-call-uwsgi-fork-hooks", "py-call-osafterfork", "lazy-apps", "lazy")],
        ({"master": b"1", "lazy-apps": b"true"}, True, 4, []),
        ({"die-on-term": True}, True, 1, [END]),
        ({"die-on-term": b"false"}, True, 1, []),
        ({"master": True, "die-on-term": True, "hook-master-start": b"exec:true"}, False, 1, [THREADS, FORKS, END]),
        ({"die-on-term": True, "hook-master-start": GRACEFUL}, True, 1, []),
        ({"die-on-term": True, "hook-master-start": [b"exec:true", GRACEFUL]}, True, 1, []),
    ],
)
def test_each_missing_option_is_named(options, threads, processes, said):
    found = missing_options(options, threads, processes)
    assert [text[: len(start)] for text, start in zip(found, said, strict=True)] == said


def test_the_log_has_it_under_uwsgi_and_nothing_elsewhere(monkeypatch, caplog):
    warn_of_uwsgi()
    assert caplog.records == []
    monkeypatch.setitem(sys.modules, "uwsgi", types.SimpleNamespace(opt={"master": True}, has_threads=1, numproc=2))
    warn_of_uwsgi()
    assert [record.getMessage()[: len(FORKS)] for record in caplog.records] == [FORKS]

"""Management commands, each one span where the settings ask for it."""

from __future__ import annotations

from functools import wraps
from typing import Any

from opentelemetry import trace

from .correlation import correlation_id
from .replaced import replace

# They run until somebody ends them: a span would hold all that they do.
_WITHOUT_END = frozenset((
    "runserver", "runserver_plus", "testserver", "shell", "shell_plus", "dbshell", "test", "celery", "rqworker", "rqscheduler", "qcluster",
    "db_worker", "run_huey", "runworker", "process_tasks", "daphne",
))  # fmt: skip


def trace_commands(wanted: bool | frozenset[str]) -> None:
    """Give management commands a span, and a correlation id.

    Args:
        wanted: True for all that come to an end, or their names. A command that another span causes is part of that one.
    """
    if not wanted:
        return
    from django.core.management.base import BaseCommand

    execute = BaseCommand.execute
    tracer = trace.get_tracer(__name__)

    @wraps(execute)
    def traced(command: BaseCommand, *args: Any, **options: Any) -> Any:
        name = type(command).__module__.rpartition(".")[2]
        chosen = name not in _WITHOUT_END if wanted is True else name in wanted
        if not chosen or trace.get_current_span().get_span_context().is_valid:
            return execute(command, *args, **options)
        with correlation_id(), tracer.start_as_current_span(f"manage.py {name}"):
            return execute(command, *args, **options)

    replace(BaseCommand, "execute", traced)

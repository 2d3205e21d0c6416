"""`manage.py tracing_check`: what `thebot-tracing check` does."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ...__main__ import add_options, check


class Command(BaseCommand):
    """Send one trace, and print what is wrong."""

    help = "Sends one trace, and prints what is wrong with the settings, the middleware and the connection to the Collector."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of `thebot-tracing check`."""
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Check; the exit code is 1 where something is wrong."""
        code = check(options["jaeger"], options["wait"], self.stdout.write)
        if code:
            sys.exit(code)

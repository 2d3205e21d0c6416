"""What the benchmarks that answer in rounds have in common: their options, and the folder that they work in."""

import argparse
import tempfile
from pathlib import Path


def parser(description, rounds):
    """Their options.

    Args:
        description: a program's doc string; its first line is shown.
        rounds: how many rounds there are by default.
    """
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    made.add_argument("--rounds", type=int, default=rounds)
    made.add_argument("--requests", type=int, default=100)
    return made


def run(options, measure):
    """Call `measure` with a folder and the options. The folder is removed afterwards."""
    chosen = options.parse_args()
    for name in ("rounds", "requests"):
        if getattr(chosen, name) < 2:
            options.error(f"--{name}: found {getattr(chosen, name)}; allowed: 2 or more")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # PostgreSQL runs as another user.
        folder.chmod(0o755)
        measure(folder, **vars(chosen))

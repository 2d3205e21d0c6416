"""The blocks of docs/EXAMPLE_USAGE.md, by name."""

import re

from conftest import PROJECT

_BLOCK = re.compile(r"<!-- test: ([a-z0-9-]+) -->\n```(python|sh)\n(.*?)```", re.DOTALL)
TEXT = (PROJECT / "docs" / "EXAMPLE_USAGE.md").read_text()


def blocks(language):
    return {name: text for name, kind, text in _BLOCK.findall(TEXT) if kind == language}

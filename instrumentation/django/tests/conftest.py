"""One Django, one provider and one exporter in memory for all tests of this process."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# An example takes as long as the machine lets it: what is judged here is not time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

PACKAGE = Path(__file__).resolve().parents[1]
EXAMPLE = PACKAGE / "example"
# The project that the package is part of. A source distribution has neither its documents nor its test vectors.
PROJECT = PACKAGE.parents[1]
collect_ignore = [] if (PROJECT / "docs" / "EXAMPLE_USAGE.md").exists() else ["unit/test_examples.py", "unit/test_operations.py"]
sys.path.insert(0, str(EXAMPLE))

for name in [name for name in os.environ if name.startswith(("OTEL_", "TRACING_"))]:
    del os.environ[name]
os.environ.update(OTEL_TRACES_EXPORTER="none", OTEL_METRICS_EXPORTER="none")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def pytest_collection_modifyitems(config, items):
    """End-to-end tests run where they are asked for. The slowest module is the first, beside which others can run."""
    items.sort(key=lambda item: item.path.name != "test_package.py")
    if config.getoption("-m") == "":
        wanted = [item for item in items if "e2e" not in item.keywords]
        config.hook.pytest_deselected(items=[item for item in items if "e2e" in item.keywords])
        items[:] = wanted


@pytest.fixture(scope="session")
def exporter():
    """Django with tracing; what is sampled ends here."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ROOT_URLCONF = "unit.urls"
    settings.DATABASES["default"]["NAME"] = ":memory:"
    call_command("migrate", verbosity=0)
    from opentelemetry import trace
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    memory = InMemorySpanExporter()
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(memory))
    return memory


@pytest.fixture
def spans(exporter):
    """The spans of one test."""
    exporter.clear()
    yield exporter.get_finished_spans
    exporter.clear()


@pytest.fixture
def collector():
    """A Collector that takes what it is sent, unless the test tells it otherwise."""
    from collector import Collector

    found = Collector()
    yield found
    found.stop()

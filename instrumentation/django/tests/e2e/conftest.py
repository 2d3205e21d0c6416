"""The servers that all end-to-end tests share."""

import pytest

from e2e import systems


def pytest_collection_modifyitems(items):
    for item in items:
        if "/e2e/" in str(item.path):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def gateway():
    found = systems.Gateway()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def environment(tmp_path_factory, gateway):
    """What the example needs in its environment; its database is migrated."""
    folder = tmp_path_factory.mktemp("servers")
    # PostgreSQL's user must reach its data.
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    with systems.servers(folder, gateway) as env:
        yield {
            **env,
            **systems.SENDING,
            "PYTHONUNBUFFERED": "1",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_SERVICE_NAME": systems.SERVICE,
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=development",
            "OTEL_TRACES_SAMPLER": "always_on",
            "OTEL_METRIC_EXPORT_INTERVAL": "2000",
        }


def _starts(folder, environment):
    started = []

    def begin(options=("-w", "2"), worker=None, name="app", server=systems.gunicorn, **env):
        own = folder / name
        own.mkdir()
        found = systems.Application(own, {**environment, **env}, options, worker, server)
        started.append(found)
        return found

    yield begin
    for found in started:
        found.stop()


@pytest.fixture
def start(tmp_path, environment):
    """Starts the example, and ends it with the test."""
    yield from _starts(tmp_path, environment)


@pytest.fixture(scope="module")
def start_once(tmp_path_factory, environment):
    """The same for a module."""
    yield from _starts(tmp_path_factory.mktemp("apps"), environment)

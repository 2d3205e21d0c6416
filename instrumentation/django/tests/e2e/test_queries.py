"""Every shell block of docs/EXAMPLE_USAGE.md answers, against the running stack and application."""

import subprocess

import pytest
from examples import blocks

from e2e.systems import JAEGER, PROMETHEUS, eventually, get

EXPECTED = {
    "request": "test-123",
    "p95": "api/chat/rooms/ ",
    "by-correlation": "  GET api/chat/rooms/",
    "failed": "the payment provider does not know this card",
    "slow": " ms GET api/",
    "operations": "GET api/chat/rooms/",
}


@pytest.fixture(scope="module")
def application(start_once):
    app = start_once(("-w", "1"))
    for _ in range(3):
        get(f"{app.url}/api/chat/rooms/", {"X-Correlation-ID": "test-123"})
        get(f"{app.url}/api/fail/")
    return app


def test_every_query_is_tried():
    assert set(EXPECTED) == set(blocks("sh"))


@pytest.mark.parametrize("name", EXPECTED)
def test_the_document_s_queries_answer(application, name):
    command = blocks("sh")[name]
    # The document has the default ports; the stack under test may have others.
    addresses = {"localhost:8000": application.url, "localhost:16686": JAEGER, "localhost:9091": PROMETHEUS}
    for of_the_document, address in addresses.items():
        command = command.replace(f"http://{of_the_document}", address)

    def attempt():
        result = subprocess.run(["bash", "-euo", "pipefail", "-c", command], capture_output=True, text=True, check=False)
        return result.stdout if EXPECTED[name] in result.stdout else None

    eventually(name, 90, attempt, pause=2)

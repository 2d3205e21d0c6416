"""Memory stays what it is, whatever clients ask for."""

import os
import subprocess
import sys

from e2e.alone import Alone

REQUESTS = 100_000
PROGRAM = """
import sys
from wsgiref.util import setup_testing_defaults
from django.core.wsgi import get_wsgi_application
answer = get_wsgi_application()

def ask(number):
    environ = {
        "HTTP_HOST": f"h{number % 10_000}.example.org", "PATH_INFO": f"/{number}/" if number % 2 else "/ok/",
        "HTTP_X_CORRELATION_ID": f"id-{number}", "HTTP_TRACESTATE": f"vendor=v{number}", "HTTP_USER_AGENT": f"agent {number}",
        "REQUEST_METHOD": "GET" if number % 100 else f"METHOD{number}",
    }
    setup_testing_defaults(environ)
    response = answer(environ, lambda status, headers: None)
    list(response)
    response.close()

def resident():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])

last = int(sys.argv[1])
for number in range(1, last + 1):
    ask(number)
    if number in (last // 5, last):
        print(resident())
"""


def test_of_a_hundred_thousand_requests_with_ten_thousand_host_names_nothing_is_left(tmp_path, collector):
    alone = Alone(tmp_path, collector.endpoint)
    env = {**alone.env, "OTEL_METRIC_EXPORT_INTERVAL": "2000"}
    # What was taken is the test's memory, and no matter here.
    collector.take = lambda _request: None
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, os.environ.get("E2E_REQUESTS", str(REQUESTS))],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=1800, check=True,
    )  # fmt: skip
    first, last = map(int, result.stdout.split())
    print(f"{first} KiB after a fifth of the requests, {last} KiB after all")
    assert last - first < 8 << 10
    assert "spans dropped" not in result.stderr

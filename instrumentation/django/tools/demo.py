"""The example project against the running stack: a few requests, and where their traces are.

    make demo

It starts PostgreSQL, Redis, gunicorn and a Celery worker on ports of their own, asks, shows what Jaeger has, and ends them again.
"""

import contextlib
import sys
import tempfile
import uuid
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "tests"), str(FOLDER)]

from e2e import systems  # noqa: E402

REQUESTS = (
    ("make a room", "POST", "/api/chat/rooms/", {"name": "lobby"}),
    ("list the rooms", "GET", "/api/chat/rooms/", None),
    ("say something: a task", "POST", "/api/chat/messages/", {"room": 1, "text": "good morning"}),
    ("pay: row, cache, call, task", "POST", "/api/payments/4200/", {}),
    ("fail", "GET", "/api/fail/", None),
)


def main():
    try:
        systems.get(f"{systems.JAEGER}/api/v3/services", timeout=5)
    except OSError as error:
        sys.exit(f"no stack at {systems.JAEGER} ({error}); start one: make up")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        demonstrate(folder)


def demonstrate(folder):
    gateway = systems.Gateway()
    try:
        with systems.servers(folder, gateway) as env, contextlib.ExitStack() as running:
            env |= systems.SENDING | {"OTEL_BSP_SCHEDULE_DELAY": "200"}
            app = systems.Application(folder, env, ("-w", "2"), ("-c", "1"))
            running.callback(app.stop)
            print(f"{'request':<32}{'status':<8}correlation id")
            for what, method, path, body in REQUESTS:
                correlation_id = f"demo-{uuid.uuid4().hex[:8]}"
                status, headers, _ = systems.get(f"{app.url}{path}", {"X-Correlation-ID": correlation_id}, method, body)
                print(f"{what:<32}{status:<8}{headers['X-Correlation-ID']}")
                if what.startswith("pay"):
                    payment = correlation_id
            show("the payment's trace", systems.eventually("the payment's trace", 60, lambda: whole(payment)))
            show("the failed request's trace", systems.eventually("the failed request's trace", 60, lambda: first(correlation_id)))
            print(f"\nall of them: {systems.JAEGER}/search?service={systems.SERVICE}")
    finally:
        gateway.stop()


def first(correlation_id):
    found = systems.find(correlation_id)
    return found[0] if found else None


def whole(correlation_id):
    """The trace, once the request and the task's last span are stored: they come from two processes."""
    found = first(correlation_id)
    names = {span["operationName"] for span in found["spans"]} if found else set()
    return found if {"take payment", "UPDATE"} <= names else None


def show(title, trace):
    """A trace as a tree."""
    spans = sorted(trace["spans"], key=lambda span: span["startTime"])
    known = {span["spanID"] for span in spans}
    below = {}
    for span in spans:
        parent = next((reference["spanID"] for reference in span["references"]), None)
        below.setdefault(parent if parent in known else None, []).append(span)
    print(f"\n{title}: {systems.JAEGER}/trace/{trace['traceID']}")

    def branch(parent, depth):
        for span in below.get(parent, []):
            error = "  ERROR" if systems.tags_of(span).get("error") else ""
            print(f"  {span['duration'] / 1000:8.1f} ms  {'  ' * depth}{span['operationName']}{error}")
            branch(span["spanID"], depth + 1)

    branch(None, 0)


if __name__ == "__main__":
    main()

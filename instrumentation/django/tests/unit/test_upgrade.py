"""Requests of the example under the old names, both and the stable ones: the record for tests of rules, searches and dashboards.

RECORD=1 python -m pytest tests/unit/test_upgrade.py        writes it
"""

import io
import json
import os

import pytest
from conftest import PROJECT

from thebot_tracing import request_spans
from thebot_tracing.conventions import parse_conventions

RECORD = PROJECT / "tests" / "vectors" / "django-requests.json"
# Version 2.0.0 and before, this one, and the next.
NAMINGS = ("old", "http/dup", "http")
REQUESTS = [
    ("GET", "/api/chat/rooms/", "", 200),
    ("GET", "/api/chat/rooms/7/", "", 200),
    ("POST", "/api/payments/42/", "", 201),
    ("GET", "/api/fail/", "from=test", 500),
]


def answered(naming, method, path, query, status):
    """Name and attributes of a request's span."""
    from django.core.handlers.wsgi import WSGIRequest
    from django.http import HttpResponse
    from django.urls import resolve
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from thebot_tracing.middleware import CorrelationIDMiddleware

    def view(request):
        request.resolver_match = resolve(request.path_info, "config.urls")
        middleware.process_view(request)
        return HttpResponse(status=status)

    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    before = request_spans.used()
    request_spans.use(request_spans.RequestSpans(parse_conventions(naming), provider))
    middleware = CorrelationIDMiddleware(view)
    # As gunicorn gives it.
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "RAW_URI": f"{path}?{query}" if query else path,
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "10.0.0.9", "REMOTE_PORT": "51234",
        "HTTP_HOST": "shop.example", "HTTP_USER_AGENT": "curl/8", "HTTP_X_CORRELATION_ID": "upgrade-1",
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
    }  # fmt: skip
    try:
        middleware(WSGIRequest(environ))
    finally:
        request_spans.use(before)
    (span,) = memory.get_finished_spans()
    return span.name, dict(sorted(span.attributes.items()))


def recorded(method, path, query, status):
    found = {naming: answered(naming, method, path, query, status) for naming in NAMINGS}
    (name,) = {name for name, _ in found.values()}
    return {"name": name, "attributes": {naming: attributes for naming, (_, attributes) in found.items()}}


@pytest.mark.skipif(not RECORD.parent.exists(), reason="a source distribution has no records")
def test_requests_are_as_recorded(exporter):
    found = [recorded(*request) for request in REQUESTS]
    if os.environ.get("RECORD"):
        RECORD.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    assert json.loads(RECORD.read_text()) == found

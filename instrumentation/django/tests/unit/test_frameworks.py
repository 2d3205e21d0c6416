"""Routes of Django REST framework and Django Ninja: name and `http.route`, as the official instrumentation gives them."""

import io

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest

pytest.importorskip("rest_framework")
pytest.importorskip("ninja")
from unit import test_official  # noqa: E402
from unit.test_official import Pair, quiet  # noqa: E402, F401

# Method, path, status, route; None where no view is found.
REQUESTS = [
    ("GET", "/drf/things/", 200, "drf/things/$"),
    ("GET", "/drf/things.json", 200, r"drf/things\.(?P<format>[a-z0-9]+)/?$"),
    ("GET", "/drf/things/7/", 200, "drf/things/(?P<pk>[^/.]+)/$"),
    ("GET", "/drf/things/down/", 503, "drf/things/(?P<pk>[^/.]+)/$"),
    ("GET", "/drf/things/broken/", 500, "drf/things/(?P<pk>[^/.]+)/$"),
    ("DELETE", "/drf/things/7/", 405, "drf/things/(?P<pk>[^/.]+)/$"),
    ("POST", "/drf/total/", 201, "drf/total/"),
    ("GET", "/ninja/items/7", 200, "ninja/items/<int:item_id>"),
    ("GET", "/ninja/slow/anna", 200, "ninja/slow/<name>"),
    ("POST", "/ninja/items?amount=1", 500, "ninja/items"),
    ("POST", "/ninja/items?amount=x", 422, "ninja/items"),
    ("GET", "/ninja/missing", 404, None),
]


@pytest.fixture
def urls(exporter, monkeypatch):
    monkeypatch.setattr(test_official, "URLS", "unit.urls_frameworks")
    monkeypatch.setattr(test_official, "ROUTES", [route for *_, route in REQUESTS if route])


def made(method, path, asynchronous):
    path, _, query = path.partition("?")
    if asynchronous:
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": [(b"host", b"testserver")]}
        return lambda: ASGIRequest(dict(scope), io.BytesIO(b"{}"))
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": "s", "SERVER_PORT": "80"}
    return lambda: WSGIRequest({**environ, "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(b"{}")})


@pytest.mark.parametrize("asynchronous", [False, True], ids=["wsgi", "asgi"])
@pytest.mark.parametrize(("method", "path", "status", "route"), REQUESTS)
def test_spans_and_metrics_are_those_of_the_official_instrumentation(urls, monkeypatch, asynchronous, method, path, status, route):
    pair = Pair("http/dup", asynchronous, monkeypatch)
    seen = []
    expected = pair.expected
    monkeypatch.setattr(pair, "expected", lambda span, request: seen.append(span) or expected(span, request))
    pair.compare(made(method, path, asynchronous))
    (span,) = seen
    assert (span["name"], span["attributes"].get("http.route")) == (f"{method} {route}" if route else method, route)
    assert span["attributes"]["http.response.status_code"] == status

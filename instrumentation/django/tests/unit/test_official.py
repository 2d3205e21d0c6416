"""Spans and metrics of requests beside those of OpenTelemetry's own instrumentation of Django, attribute for attribute.

Each request is answered twice, by the same views: below the official middleware, and below the package's. Where the two may differ is
listed in `expected` and `expected_points`, and nowhere else.
"""

import asyncio
import io
import logging
from types import SimpleNamespace

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

from thebot_tracing import conventions, request_spans
from thebot_tracing.conventions import parse_conventions
from thebot_tracing.placement import OFFICIAL, OURS
from thebot_tracing.request_spans import RequestSpans

MODES = ("http/dup", "http", "database")
INNER = "unit.urls_official.Answers"
URLS = "unit.urls_official"


class Side:
    """A provider, a reader and a handler with one middleware."""

    def __init__(self, middleware, asynchronous, sampler):
        from django.test import override_settings

        self.memory, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.memory))
        self.meters = MeterProvider(metric_readers=[self.reader], shutdown_on_exit=False)
        self.handler = BaseHandler()
        self.asynchronous = asynchronous
        with override_settings(MIDDLEWARE=[middleware, INNER], ROOT_URLCONF=URLS):
            # Past the hook that puts the package's own middleware first.
            BaseHandler.load_middleware.__wrapped__(self.handler, is_async=asynchronous)

    def answer(self, request):
        if self.asynchronous:
            return asyncio.run(self.handler.get_response_async(request))
        return self.handler.get_response(request)

    def span(self):
        found = self.memory.get_finished_spans()
        self.memory.clear()
        assert len(found) <= 1
        return found[0] if found else None

    def points(self):
        """{metric: {attributes: value}} of what has come since."""
        data, found = self.reader.get_metrics_data(), {}
        for metric in data.resource_metrics[0].scope_metrics[0].metrics if data else ():
            for point in metric.data.data_points:
                value = (point.count, point.explicit_bounds) if hasattr(point, "count") else point.value
                found.setdefault((metric.name, metric.unit, metric.description), {})[frozenset(point.attributes.items())] = value
        return found


class Pair:
    """Official and ours, under one OTEL_SEMCONV_STABILITY_OPT_IN."""

    def __init__(self, mode, asynchronous, monkeypatch, sampler=ALWAYS_ON):
        from django.test import override_settings
        from opentelemetry.instrumentation._semconv import _OpenTelemetrySemanticConventionStability
        from opentelemetry.instrumentation.django import DjangoInstrumentor

        monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", mode)
        monkeypatch.setattr(_OpenTelemetrySemanticConventionStability, "_initialized", False)
        monkeypatch.setattr(_OpenTelemetrySemanticConventionStability, "_OTEL_SEMCONV_STABILITY_SIGNAL_MAPPING", {})
        self.mode, self.asynchronous = mode, asynchronous
        self.official, self.ours = (Side(middleware, asynchronous, sampler) for middleware in (OFFICIAL, OURS))
        with override_settings(MIDDLEWARE=[]):
            DjangoInstrumentor().instrument(tracer_provider=self.official.provider, meter_provider=self.official.meters)
            DjangoInstrumentor().uninstrument()
        self.spans = RequestSpans(parse_conventions(mode), self.ours.provider, self.ours.meters)

    def compare(self, make):
        """Answer one request on both sides; `make` gives it anew, as a request is used up."""
        from django.test import override_settings

        before = request_spans.used()
        with override_settings(ROOT_URLCONF=URLS, ALLOWED_HOSTS=["*"]):
            official = self.official.answer(make())
            request_spans.use(self.spans)
            try:
                ours = self.ours.answer(make())
            finally:
                request_spans.use(before)
        request = make()
        assert ours.status_code == official.status_code
        assert described(self.ours.span()) == self.expected(described(self.official.span()), request)
        assert self.ours.points() == self.expected_points(self.official.points())

    def expected(self, span, request):
        """The official span, but for what is missing there: the stable conventions require `url.path`, and sampling rules go by it."""
        if span is not None and not self.asynchronous and self.mode == "http":
            for name, key in (("url.path", "PATH_INFO"), ("url.query", "QUERY_STRING")):
                if request.META.get(key):
                    span["attributes"].setdefault(name, request.META[key])
        return span

    @staticmethod
    def expected_points(points):
        """The official points, but for a target that is no route: any client could make new time series by it."""
        for (name, *_), values in points.items():
            if name == "http.server.duration":
                for attributes in list(values):
                    kept = frozenset((key, value) for key, value in attributes if key != "http.target" or value in ROUTES)
                    value = values.pop(attributes)
                    values[kept] = (values[kept][0] + value[0], value[1]) if kept in values else value
        return points


# The correlation id, which the official instrumentation knows nothing of.
OWN = ("correlation_id", "http.response.header.x_correlation_id")


def described(span):
    """What must be equal."""
    if span is None:
        return None
    return {
        "name": span.name,
        "kind": span.kind,
        "attributes": {key: value for key, value in span.attributes.items() if key not in OWN},
        "status": (span.status.status_code, span.status.description),
        "events": [(event.name, event.attributes["exception.type"], event.attributes["exception.message"]) for event in span.events],
        "parent": span.parent and (span.parent.trace_id, span.parent.span_id, span.parent.is_remote),
        "trace": span.parent and span.context.trace_id,
        "state": span.context.trace_state.to_header(),
        "flags": span.context.trace_flags,
        "schema": span.instrumentation_scope.schema_url,
    }


ROUTES = ("status/<int:code>/", "raise/<str:kind>/", "^expression/(?P<page>[0-9]+)/$", "below/here/", "async/")
paths = st.one_of(
    st.sampled_from([200, 201, 204, 301, 304, 400, 404, 418, 499, 500, 503, 599]).map(lambda code: f"/status/{code}/"),
    st.sampled_from(["ValueError", "Http404", "PermissionDenied", "SuspiciousOperation"]).map(lambda kind: f"/raise/{kind}/"),
    st.sampled_from(
        ["/", "/expression/7/", "/below/here/", "/async/", "/answered/", "/status/200/answered", "/unknown/", "/é/", "/a%2Fb/"]
    ),
)
methods = st.sampled_from(["GET", "POST", "HEAD", "PATCH", "QUERY", "get", "BREW", "_OTHER", "PROPFIND"])
# A host that is not valid, the official instrumentation does not live through: it asks for the URL.
hosts = st.sampled_from([None, "example.com", "example.com:8000", "[::1]:80", "127.0.0.1"])
agents = st.sampled_from([None, "", "Mozilla/5.0 (X11)", "Googlebot/2.1", "alwayson test", "curl/8", "naïve"])
# Without backslashes: the official instrumentation answers 500 to a header by ASGI that is no UTF-8 and ends in one.
texts = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00\\"), max_size=12)
ids = st.integers(1, 15).map(lambda number: f"{number:032x}-{number:016x}")
traces = st.one_of(
    st.just({}),
    st.builds(lambda id, flag: {"traceparent": f"00-{id}-{flag}"}, ids, st.sampled_from(["00", "01", "03", "zz"])),
    st.builds(lambda id, state: {"traceparent": f"00-{id}-01", "tracestate": state}, ids, st.sampled_from(["a=1", "a=1,b=2", "=", ""])),
    st.builds(lambda id, flag: {"b3": f"{id}-{flag}"}, ids, st.sampled_from(["0", "1", "d", "x"])),
    st.builds(lambda id: dict(zip(("x-b3-traceid", "x-b3-spanid", "x-b3-sampled"), [*id.split("-"), "1"], strict=True)), ids),
    st.builds(lambda id: {"uber-trace-id": f"{id.replace('-', ':')}:0:1", "uberctx-user": "anna"}, ids),
    st.builds(lambda value: {"baggage": value}, st.sampled_from(["correlation_id=x", "user=anna", "=", "a=b;c"])),
    st.dictionaries(st.sampled_from(["traceparent", "tracestate", "baggage", "b3", "uber-trace-id"]), texts),
)
queries = st.sampled_from(["", "a=1", "a=%20b&c=%C3%A9", "sig=secret&x=1", "token=t"])
schemes = st.sampled_from(["http", "https"])
versions = st.sampled_from(["1.0", "1.1", "2"])


@st.composite
def environs(draw):
    """Requests by WSGI, as servers and clients give them."""
    path, query, host, agent = draw(paths), draw(queries), draw(hosts), draw(agents)
    version = draw(versions)
    environ = {
        "REQUEST_METHOD": draw(methods),
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": draw(st.sampled_from(["testserver", "0.0.0.0"])),
        "SERVER_PORT": draw(st.sampled_from(["80", "8000", "443", "0"])),
        "SERVER_PROTOCOL": draw(st.sampled_from([f"HTTP/{version}", f"http/{version}", version, ""])),
        "wsgi.url_scheme": draw(schemes),
    }
    for name in draw(st.sets(st.sampled_from(["RAW_URI", "REQUEST_URI"]))):
        environ[name] = draw(st.sampled_from([path, f"{path}?{query}", ""]))
    optional = {
        "HTTP_HOST": host,
        "HTTP_USER_AGENT": agent,
        "REMOTE_ADDR": draw(st.sampled_from([None, "", "10.0.0.1", "::1"])),
        "REMOTE_PORT": draw(st.sampled_from([None, "", "54321", "odd"])),
        "REMOTE_HOST": draw(st.sampled_from([None, "", "10.0.0.1", "client.example"])),
    }
    environ |= {key: value for key, value in optional.items() if value is not None}
    return environ | {f"HTTP_{key.upper().replace('-', '_')}": value for key, value in draw(traces).items()}


@st.composite
def scopes(draw):
    """Requests by ASGI."""
    path = draw(paths)
    server = draw(st.sampled_from([None, ("10.1.1.1", 80), ("10.1.1.1", 8000), ("/run/a.sock", None)]))
    # A socket's name is no host.
    host = draw(hosts) or ("example.com" if server and "sock" in server[0] else None)
    headers = {"host": host, "user-agent": draw(agents), **draw(traces)}
    sent = [(key.encode(), value.encode("latin-1")) for key, value in headers.items() if value is not None]
    # A header that comes twice, but for Host: two hosts are none.
    sent += [sent[-1]] if sent and sent[-1][0] != b"host" and draw(st.booleans()) else []
    return {
        "type": "http",
        "method": draw(methods),
        "path": path,
        "query_string": draw(queries).encode(),
        "http_version": draw(versions),
        "scheme": draw(schemes),
        "server": server,
        "client": draw(st.sampled_from([None, ("10.0.0.1", 54321), ("", 0)])),
        "headers": sent,
    }


@pytest.fixture(autouse=True)
def quiet():
    """Without a log of each answer."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def by_wsgi(environ):
    return lambda: WSGIRequest({**environ, "wsgi.input": io.BytesIO()})


def by_asgi(scope):
    return lambda: ASGIRequest(dict(scope), io.BytesIO())


def tried(mode, asynchronous, monkeypatch, sampler=ALWAYS_ON, examples=100, **options):
    """The comparison as a property of all requests. Each has providers of its own: what one has left is no reason for the next to fail."""
    strategy, make = (scopes(), by_asgi) if asynchronous else (environs(), by_wsgi)

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None, **options)
    @given(strategy)
    def equal(request):
        Pair(mode, asynchronous, monkeypatch, sampler).compare(make(request))

    return equal


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("asynchronous", [False, True], ids=["wsgi", "asgi"])
def test_spans_and_metrics_are_those_of_the_official_instrumentation(exporter, monkeypatch, mode, asynchronous):
    tried(mode, asynchronous, monkeypatch)()


@pytest.mark.parametrize("asynchronous", [False, True], ids=["wsgi", "asgi"])
def test_metrics_of_requests_that_are_not_sampled_are_those_of_the_official_instrumentation(exporter, monkeypatch, asynchronous):
    tried("http/dup", asynchronous, monkeypatch, ALWAYS_OFF, examples=30)()


def test_a_header_that_is_no_utf8_and_ends_in_a_backslash_is_no_reason_to_fail(exporter, monkeypatch):
    from django.test import override_settings

    headers = [(b"host", b"example.com"), (b"traceparent", b"\x80\\"), (b"user-agent", b"\x80\\")]
    scope = {"type": "http", "method": "GET", "path": "/status/200/", "query_string": b"", "scheme": "http", "headers": headers}
    pair = Pair("http/dup", True, monkeypatch)
    before = request_spans.used()
    request_spans.use(pair.spans)
    try:
        with override_settings(ROOT_URLCONF=URLS, ALLOWED_HOSTS=["*"]):
            assert pair.ours.answer(by_asgi(scope)()).status_code == 200
    finally:
        request_spans.use(before)
    assert pair.ours.span().name == "GET status/<int:code>/"


CAPTURED = {
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": "user-agent, trace.*",
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE": "x-.*,content-type",
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS": ".*parent",
    "OTEL_PYTHON_DJANGO_TRACED_REQUEST_ATTRS": "path_info, content_type,nothing",
}


@pytest.mark.parametrize("mode", MODES)
def test_headers_and_attributes_that_the_environment_asks_for_are_those_of_the_official_instrumentation(exporter, monkeypatch, mode):
    from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware

    for name, value in CAPTURED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_DjangoMiddleware, "_traced_request_attrs", ["path_info", "content_type", "nothing"])
    tried(mode, False, monkeypatch, examples=40)()


PLANTED = {
    "a status without its class": (request_spans, "is_error", lambda status: False),
    "an attribute of some requests": (conventions, "_synthetic", lambda agent: None),
    "a value of some requests": (conventions, "redact_url", lambda url: url),
    "an attribute of a metric": (request_spans, "active_attributes", lambda request: {"http.scheme": request.get("http.scheme")}),
    "the target of a metric": (request_spans, "duration_attributes", lambda request, _: conventions.duration_attributes(request, None)),
    "a name": (request_spans, "span_name", lambda method: (method, method)),
    "a propagator left out": (request_spans, "_environ_names", lambda textmap: frozenset(("HTTP_TRACEPARENT",))),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_difference_is_found(exporter, monkeypatch, planted):
    place, name, value = PLANTED[planted]
    monkeypatch.setattr(place, name, value)
    with pytest.raises(AssertionError):
        tried("http/dup", False, monkeypatch, examples=500, report_multiple_bugs=False)()


def test_a_span_below_another_one_of_the_process_is_internal_as_the_official_one_is(exporter, monkeypatch):
    pair = Pair("http/dup", False, monkeypatch)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/status/200/", "SERVER_NAME": "s", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
    with TracerProvider(shutdown_on_exit=False).get_tracer("t").start_as_current_span("around"):
        pair.compare(by_wsgi({**environ, "HTTP_TRACEPARENT": f"00-{1:032x}-{2:016x}-01"}))


def test_the_comparison_sees_spans(exporter, monkeypatch):
    pair = Pair("http/dup", False, monkeypatch)
    seen = []
    monkeypatch.setattr(pair, "expected", lambda span, _: seen.append(SimpleNamespace(**span)) or span)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/status/503/", "SERVER_NAME": "s", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
    pair.compare(by_wsgi(environ))
    assert (seen[0].name, seen[0].attributes["http.status_code"]) == ("GET status/<int:code>/", 503)

"""Requests through Django, instrumented."""

import asyncio
import gc

import pytest
from django.http import HttpResponse
from opentelemetry.trace import SpanKind, StatusCode


@pytest.fixture
def client(exporter):
    from django.test import Client

    return Client(raise_request_exception=False)


def test_a_request_is_a_server_span_with_method_route_and_status(client, spans):
    client.get("/seen/?a=1")
    span = spans()[-1]
    assert (span.name, span.kind) == ("GET seen/", SpanKind.SERVER)
    assert (span.attributes["http.method"], span.attributes["http.route"], span.attributes["http.status_code"]) == ("GET", "seen/", 200)
    assert span.end_time > span.start_time


def test_an_exception_is_recorded_and_the_status_set(client, spans):
    assert client.get("/api/fail/").status_code == 500
    span = spans()[-1]
    assert span.status.status_code is StatusCode.ERROR
    (event,) = [event for event in span.events if event.name == "exception"]
    assert event.attributes["exception.type"] == "ValueError"
    assert "the payment provider does not know this card" in event.attributes["exception.message"]
    assert "views.py" in event.attributes["exception.stacktrace"]


def test_a_client_error_is_no_error_of_the_service(client, spans):
    assert client.get("/unknown/").status_code == 404
    assert spans()[-1].status.status_code is StatusCode.UNSET


def test_a_cancelled_request_s_span_ends(exporter, spans, caplog):
    """As Django does it from 5.0 on when the client has gone, and servers when they end."""
    from django.test import AsyncClient

    from unit import urls

    urls.began.clear()

    async def ask():
        asked = asyncio.create_task(AsyncClient().get("/slow-async/", headers={"X-Correlation-ID": "gone-1"}))
        assert await asyncio.to_thread(urls.began.wait, 20)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(ask())
    gc.collect()
    by_name = {span.name: span for span in spans()}
    assert set(by_name) == {"slow", "GET slow-async/"}
    server = by_name["GET slow-async/"]
    assert by_name["slow"].parent.span_id == server.context.span_id
    assert server.attributes["request.cancelled"] is True
    assert server.attributes["correlation_id"] == "gone-1"
    assert server.attributes["http.status_code"] == 499
    assert server.status.status_code is StatusCode.UNSET
    assert "Failed to detach" not in caplog.text


def probed(get_response):
    """Answers the probe of a load balancer, which names any host."""
    return lambda request: HttpResponse("OK") if request.path == "/probe/" else get_response(request)


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(("path", "status"), [("/probe/", 200), ("/seen/", 200), ("/async/", 200), ("/api/fail/", 500)])
def test_a_request_with_a_host_that_is_not_allowed_is_a_request_like_any_other(spans, hosts, asynchronous, path, status):
    response = hosts("10.0.0.7", path, asynchronous)
    assert (response.status_code, response["X-Correlation-ID"]) == (status, "probe-1")
    (server,) = [span for span in spans() if span.kind is SpanKind.SERVER]
    assert server.attributes["http.status_code"] == status


def test_a_host_that_is_allowed_and_no_address_is_no_error(hosts):
    assert hosts("[1:2:3]", "/seen/").status_code == 200


@pytest.fixture
def hosts(exporter):
    """Asks where one host is allowed, and nothing but the instrumentation asks for it."""
    from django.test import AsyncClient, Client, override_settings

    def ask(host, path, asynchronous=False):
        client = (AsyncClient if asynchronous else Client)(raise_request_exception=False)
        response = client.get(path, headers={"host": host, "X-Correlation-ID": "probe-1"})
        return asyncio.run(response) if asynchronous else response

    names = ["config.middleware.correlation_id_middleware.CorrelationIDMiddleware", f"{__name__}.probed"]
    with override_settings(ALLOWED_HOSTS=["[1:2:3]"], MIDDLEWARE=names):
        yield ask


@pytest.mark.parametrize("path", ["/admin/users/", "/static/a.css", "/media/a.png", "/health/live"])
def test_a_left_out_request_leaves_no_span_and_no_orphan(client, spans, path):
    response = client.get(path, headers={"traceparent": f"00-{1:032x}-{2:016x}-01"})
    assert response["X-Correlation-ID"]
    assert spans() == ()
    # What it calls is told: not recorded, and by a mark, that it is left out.
    headers = response.json()["headers"]
    assert headers["traceparent"].endswith("-00")
    assert headers["tracestate"] == "thebot=left-out"


def test_a_request_is_not_hidden_by_the_mark_of_a_left_out_one(client, spans):
    """Of a left-out request, or of anybody: it begins a trace of its own, as its parent is nowhere."""
    headers = client.get("/health/live").json()["headers"]
    client.get("/seen/", headers={key: headers[key] for key in ("traceparent", "tracestate")})
    (root,) = [span for span in spans() if span.parent is None]
    assert (root.name, len(spans())) == ("GET seen/", 2)
    assert f"{root.context.trace_id:032x}" not in headers["traceparent"]


def test_a_path_that_looks_alike_is_recorded(client, spans):
    client.get("/healthcare/live")
    assert len(spans()) == 2


def test_the_brief_s_imports_are_the_package_s(exporter):
    from config.middleware.correlation_id_middleware import CorrelationIDLoggingFilter, CorrelationIDMiddleware
    from config.tracing import EnvironmentBasedSampler, get_meter, get_tracer, init_tracing, set_correlation_id, setup_metrics

    import thebot_tracing
    from thebot_tracing.middleware import CorrelationIDMiddleware as middleware

    for own in (
        CorrelationIDLoggingFilter,
        EnvironmentBasedSampler,
        get_meter,
        get_tracer,
        init_tracing,
        set_correlation_id,
        setup_metrics,
    ):
        assert getattr(thebot_tracing, own.__name__) is own
    assert CorrelationIDMiddleware is middleware
    with get_tracer(__name__).start_as_current_span("own") as span:
        assert span.is_recording()


def test_a_second_init_changes_nothing(exporter):
    from django.conf import settings

    from thebot_tracing import init_tracing

    before = list(settings.MIDDLEWARE)
    assert init_tracing() is init_tracing()
    assert before == settings.MIDDLEWARE
    assert sum(name.endswith("CorrelationIDMiddleware") for name in before) == 1


class Gone(BaseException):
    """As gunicorn's SystemExit at its timeout, or gevent's Timeout."""


@pytest.fixture
def ends(monkeypatch):
    """A view that ends so."""
    from django.urls import path

    from unit import urls

    def gone(_request):
        raise Gone("at once")

    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, path("gone/", gone)])
    from django.urls import clear_url_caches

    clear_url_caches()
    yield
    clear_url_caches()


def test_a_request_that_something_other_than_an_exception_ends_has_its_span_and_leaves_nothing_behind(client, spans, ends):
    with pytest.raises(Gone):
        client.get("/gone/")
    (gone,) = spans()
    assert (gone.name, gone.parent, gone.attributes["http.status_code"]) == ("GET gone/", None, 500)
    assert gone.status.status_code is StatusCode.ERROR
    assert gone.events[0].attributes["exception.message"] == "at once"
    client.get("/seen/")
    assert spans()[-1].parent is None
    before = len(spans())
    client.get("/health/")
    assert len(spans()) == before


@pytest.mark.parametrize("step", ["begin", "found", "end", "end_without_response"])
def test_a_failure_of_the_package_does_not_reach_the_request(client, spans, ends, monkeypatch, caplog, step):
    from opentelemetry.trace import get_current_span

    from thebot_tracing.request_spans import RequestSpan, RequestSpans

    def fails(*_):
        raise RuntimeError("a fault")

    monkeypatch.setattr(RequestSpan if step == "found" else RequestSpans, step, fails)
    assert client.get("/seen/")["X-Correlation-ID"]
    assert client.get("/api/fail/").status_code == 500
    with pytest.raises(Gone):
        client.get("/gone/")
    assert not get_current_span().get_span_context().is_valid
    assert "could not be" in caplog.text


def test_of_several_of_these_middlewares_the_first_does_it_all(exporter, spans):
    from django.test import Client, override_settings

    from thebot_tracing.placement import OURS

    with override_settings(MIDDLEWARE=["django.middleware.common.CommonMiddleware", OURS]):
        response = Client().get("/seen", headers={"X-Correlation-ID": "first-1"})
        # CommonMiddleware stands before it, and answers.
        assert (response.status_code, response["X-Correlation-ID"]) == (301, "first-1")
        assert Client().get("/seen/").status_code == 200
    assert [span.name for span in spans()] == ["GET", "child", "GET seen/"]


def test_active_requests_are_counted_while_they_are_active(exporter):
    from django.http import HttpResponse
    from django.test import RequestFactory
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    from thebot_tracing import request_spans
    from thebot_tracing.conventions import NEW
    from thebot_tracing.metric_views import views
    from thebot_tracing.middleware import CorrelationIDMiddleware

    reader = InMemoryMetricReader()
    before = request_spans.used()
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False, views=views())
    own = request_spans.RequestSpans(NEW, meter_provider=provider)
    request_spans.use(own)

    def active():
        metrics = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
        return {
            point.attributes["http.request.method"]: point.value
            for metric in metrics
            if metric.name == "http.server.active_requests"
            for point in metric.data.data_points
        }

    seen = []
    middleware = CorrelationIDMiddleware(lambda _: seen.append(active()) or HttpResponse())
    outer = CorrelationIDMiddleware(lambda _: middleware(RequestFactory().get("/")))
    try:
        outer(RequestFactory().post("/"))
        middleware(RequestFactory().get("/"))
        assert seen == [{"POST": 1, "GET": 1}, {"POST": 0, "GET": 1}]
        assert active() == {"POST": 0, "GET": 0}
    finally:
        request_spans.use(before)


def test_hosts_that_clients_name_are_not_remembered(exporter):
    """Also where no metrics are collected."""
    from django.http import HttpResponse
    from django.test import RequestFactory
    from opentelemetry.sdk.trace import TracerProvider

    from thebot_tracing import request_spans
    from thebot_tracing.conventions import BOTH
    from thebot_tracing.middleware import CorrelationIDMiddleware

    before = request_spans.used()
    own = request_spans.RequestSpans(BOTH, TracerProvider(shutdown_on_exit=False))
    request_spans.use(own)
    middleware = CorrelationIDMiddleware(lambda _: HttpResponse())
    try:
        for i in range(3000):
            middleware(RequestFactory().get("/", headers={"host": f"h{i}"}))
    finally:
        request_spans.use(before)
    assert len(own._active) <= 1001


@pytest.mark.parametrize("header", ["traceparent", "tracestate", "baggage", "b3", "uber-trace-id", "X-B3-TraceId"])
@pytest.mark.parametrize("value", ["", "\x00", "a" * 100_000, "a=,;=b", "00-0-0-0", "é\ud800"])
def test_no_header_makes_a_request_fail(client, spans, header, value):
    assert client.get("/seen/", headers={header: value}).status_code == 200

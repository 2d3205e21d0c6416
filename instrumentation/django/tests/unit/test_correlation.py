"""Correlation ids: which are taken, where they go, and what of them never leaves."""

import asyncio
import logging
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, context, propagate, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from thebot_tracing import correlation_id, get_correlation_id, get_tracer, set_correlation_id
from thebot_tracing.correlation import REQUEST_HEADERS, CorrelationIDLoggingFilter, choose, new_correlation_id, valid
from thebot_tracing.propagation import CorrelationPropagator
from thebot_tracing.settings import DEFAULT_PROPAGATORS

HOSTILE = {
    "empty": "",
    "blank": " ",
    "huge": "a" * 100_000,
    "one too long": "a" * 129,
    "newline": "a\nSet-Cookie: x=1",
    "carriage return": "a\r\nX: y",
    "newline at the end": "a\n",
    "escape": "a\x1b[31m",
    "null": "a\x00b",
    "non-ascii": "идентификатор",
    "non-ascii digits": "١٢٣",
    "latin-1 as WSGI gives it": "Ã©",
    "line separator": "a\u2028b",
    "many values": "one,two",
    "many values with a blank": "one, two",
    "markup": "<script>alert(1)</script>",
    "baggage": "a;b=c",
    "log4j": "${jndi:ldap://x}",
    "format": "%s%n",
    "sql": "' OR 1=1 --",
    "dash first": "-rf",
}
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", fullmatch=True)


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_values_are_not_taken(value):
    assert not valid(value)
    chosen = choose({"X-Correlation-ID": value}.get)
    assert uuid.UUID(chosen).version == 4
    assert choose({"X-Correlation-ID": value, "X-Request-ID": "good"}.get) == "good"


@given(st.text())
def test_whatever_is_taken_fits_a_header_and_a_log_line(value):
    chosen = choose({"X-Correlation-ID": value}.get)
    assert chosen.isascii()
    assert chosen.isprintable()
    assert 1 <= len(chosen) <= 128
    assert not set(chosen) & set(" ,;=\"'<>\\%\n\r")


@given(st.dictionaries(st.sampled_from(REQUEST_HEADERS), ids, min_size=1))
def test_headers_are_read_in_their_order(headers):
    assert choose(headers.get) == next(headers[name] for name in REQUEST_HEADERS if name in headers)


def test_new_ids_are_uuids_and_differ():
    made = {new_correlation_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(uuid.UUID(one).version == 4 for one in made)


@given(ids)
def test_a_block_sets_the_id_and_takes_it_back(value):
    before = get_correlation_id()
    with correlation_id(value) as found:
        assert found == value == get_correlation_id()
        with correlation_id() as inner:
            assert inner != value
        assert get_correlation_id() == value
    assert get_correlation_id() == before


def test_an_id_that_is_set_in_the_block_of_a_span_holds_until_the_block_ends(exporter, spans):
    with correlation_id("of-the-request"):
        with get_tracer("t").start_as_current_span("block"):
            set_correlation_id("of-the-block")
            get_tracer("t").start_span("below").end()
        assert get_correlation_id() == "of-the-request"
    assert {span.name: span.attributes["correlation_id"] for span in spans()} == {"block": "of-the-block", "below": "of-the-block"}


def test_a_bad_id_of_the_application_is_an_error():
    with pytest.raises(ValueError, match="allowed are 1 to 128"):
        set_correlation_id("a b")


def carry(names=DEFAULT_PROPAGATORS, value="abc-1", **more):
    """What leaves: headers of an outgoing call."""
    ctx = trace.set_span_in_context(NonRecordingSpan(SpanContext(0xABC, 0xDEF, False, TraceFlags(1))))
    for key, entry in {"correlation_id": value, **more}.items():
        ctx = baggage.set_baggage(key, entry, ctx)
    headers = {}
    CorrelationPropagator(names).inject(headers, ctx)
    return headers


def test_only_the_correlation_id_leaves_in_baggage():
    headers = carry(user_email="a@b.c", token="secret")
    assert headers["baggage"] == "correlation_id=abc-1"
    assert headers["X-Correlation-ID"] == "abc-1"
    assert "secret" not in str(headers)
    assert "a%40b" not in str(headers)
    assert {key for key in headers if key.startswith("uberctx")} == {"uberctx-correlation_id"}


def test_an_invalid_id_in_baggage_does_not_leave():
    assert "X-Correlation-ID" not in carry(value="a\nb")
    assert "baggage" not in carry(value="a\nb")


@pytest.mark.parametrize(("name", "header"), [
    ("tracecontext", "traceparent"), ("b3", "b3"), ("b3multi", "x-b3-traceid"), ("jaeger", "uber-trace-id"),
])  # fmt: skip
def test_every_propagator_carries_the_trace_by_itself(name, header):
    headers = carry((name, "baggage"))
    assert header in {key.lower() for key in headers}
    found = CorrelationPropagator(DEFAULT_PROPAGATORS).extract({key.lower(): value for key, value in headers.items()})
    span = trace.get_current_span(found).get_span_context()
    assert (span.trace_id, span.trace_flags.sampled) == (0xABC, True)
    assert baggage.get_baggage("correlation_id", found) == "abc-1"


def test_w3c_holds_where_several_contexts_come():
    headers = {"traceparent": f"00-{1:032x}-{2:016x}-01", "b3": f"{3:032x}-{4:016x}-1", "uber-trace-id": f"{5:032x}:{6:016x}:0:1"}
    span = trace.get_current_span(CorrelationPropagator(DEFAULT_PROPAGATORS).extract(headers)).get_span_context()
    assert span.trace_id == 1


PROPAGATED = st.sampled_from(
    ["traceparent", "tracestate", "baggage", "b3", "x-b3-traceid", "x-b3-spanid", "uber-trace-id", "uberctx-correlation_id"]
)
CARRIED = st.sampled_from(
    [
        "",
        f"00-{1:032x}-{2:016x}-01",
        f"{3:032x}-{4:016x}-1",
        f"{5:032x}:{6:016x}:0:1",
        f"{7:032x}",
        f"{8:016x}",
        "correlation_id=a-1",
        "a=1",
    ]
)


@given(st.dictionaries(PROPAGATED, CARRIED))
def test_a_propagator_whose_header_is_not_there_would_have_found_nothing(headers):
    """The one that asks by headers finds what all of them would."""
    asked, all_asked = CorrelationPropagator(DEFAULT_PROPAGATORS), CorrelationPropagator(DEFAULT_PROPAGATORS)
    all_asked._readers = [(propagator, None) for propagator, _ in all_asked._readers]
    found, wanted = asked.extract(headers), all_asked.extract(headers)
    assert trace.get_current_span(found).get_span_context() == trace.get_current_span(wanted).get_span_context()
    assert dict(baggage.get_all(found)) == dict(baggage.get_all(wanted))
    if asked.headers.isdisjoint(headers):
        assert asked.extract(headers) == {}


def test_propagators_run_only_where_their_header_is_there(monkeypatch):
    propagator, ran = CorrelationPropagator(DEFAULT_PROPAGATORS), []
    for inner, _ in propagator._readers:
        monkeypatch.setattr(inner, "extract", lambda carrier, found, getter, inner=inner: ran.append(type(inner).__name__) or found)
    propagator.extract({"traceparent": "x", "tracestate": "y", "accept": "z"})
    assert ran == ["TraceContextTextMapPropagator"]


@given(st.dictionaries(PROPAGATED, st.text(max_size=200)))
def test_no_incoming_header_breaks_it_or_brings_more_than_the_id(headers):
    found = CorrelationPropagator(DEFAULT_PROPAGATORS).extract(headers)
    assert set(baggage.get_all(found)) <= {"correlation_id"}
    assert all(valid(value) for value in baggage.get_all(found).values())


def test_log_records_carry_the_id_and_the_trace():
    record = logging.LogRecord("a", logging.INFO, "", 0, "", None, None)
    assert CorrelationIDLoggingFilter().filter(record)
    assert (record.correlation_id, record.trace_id) == ("-", "-")
    token = context.attach(trace.set_span_in_context(NonRecordingSpan(SpanContext(1, 2, False))))
    with correlation_id("abc"):
        CorrelationIDLoggingFilter().filter(record)
    context.detach(token)
    assert (record.correlation_id, record.trace_id, record.span_id) == ("abc", f"{1:032x}", f"{2:016x}")


@pytest.fixture
def client(exporter):
    from django.test import Client

    return Client(raise_request_exception=False)


def test_the_id_is_on_request_response_spans_logs_and_what_leaves(client, spans, caplog):
    caplog.handler.addFilter(CorrelationIDLoggingFilter())
    response = client.get("/seen/", headers={"X-Correlation-ID": "test-123"})
    assert response["X-Correlation-ID"] == "test-123"
    body = response.json()
    assert (body["request"], body["current"], body["headers"]["X-Correlation-ID"]) == ("test-123",) * 3
    found = {span.name: span.attributes["correlation_id"] for span in spans()}
    assert found == {"GET seen/": "test-123", "child": "test-123"}
    assert [record.correlation_id for record in caplog.records if record.msg == "in the view"] == ["test-123"]
    assert get_correlation_id() is None


@pytest.mark.parametrize(
    "value",
    [value for value in HOSTILE.values() if "\n" not in value],
    ids=[key for key in HOSTILE if "newline" not in key and "carriage" not in key],
)
def test_a_request_with_a_hostile_header_gets_a_fresh_id(client, spans, value):
    response = client.get("/seen/", headers={"X-Correlation-ID": value})
    assert uuid.UUID(response["X-Correlation-ID"]).version == 4
    assert {span.attributes["correlation_id"] for span in spans()} == {response["X-Correlation-ID"]}


def test_a_caller_without_the_header_hands_its_id_on_in_baggage(client, spans):
    response = client.get("/seen/", headers={"baggage": "correlation_id=of-the-caller,user=anna"})
    assert response["X-Correlation-ID"] == "of-the-caller"
    assert "anna" not in str(response.json()["headers"])


def test_an_error_page_has_the_id_too(client, spans):
    response = client.get("/api/fail/", headers={"X-Request-ID": "r-1"})
    assert (response.status_code, response["X-Correlation-ID"]) == (500, "r-1")


def test_asynchronous_views_and_servers(exporter, spans, caplog):
    from django.test import AsyncClient

    async def ask():
        client = AsyncClient()
        return await asyncio.gather(*(client.get("/async/", headers={"X-Correlation-ID": f"a-{i}"}) for i in range(20)))

    answers = asyncio.run(ask())
    assert [answer["X-Correlation-ID"] for answer in answers] == [f"a-{i}" for i in range(20)]
    assert [answer.json()["current"] for answer in answers] == [f"a-{i}" for i in range(20)]
    by_trace = {}
    for span in spans():
        by_trace.setdefault(span.context.trace_id, set()).add(span.attributes["correlation_id"])
    assert sorted(map(tuple, by_trace.values())) == sorted((f"a-{i}",) for i in range(20))
    assert "different Context" not in caplog.text


@pytest.mark.parametrize(("path", "line"), [("/unknown/", "Not Found: /unknown/"), ("/unavailable/", "Service Unavailable: /unavailable/")])
def test_what_django_logs_of_a_request_that_is_over_has_its_id(client, spans, caplog, path, line):
    caplog.handler.addFilter(CorrelationIDLoggingFilter())
    client.get(path, headers={"X-Correlation-ID": "over-1"})
    (record,) = [record for record in caplog.records if record.getMessage() == line]
    (span,) = spans()
    assert (record.correlation_id, record.trace_id) == ("over-1", trace.format_trace_id(span.context.trace_id))
    assert record.span_id == trace.format_span_id(span.context.span_id)


@pytest.mark.parametrize("odd", [None, object(), 5, "a\nb"])
def test_a_record_s_request_that_is_none_of_ours_brings_nothing(odd):
    from types import SimpleNamespace

    record = logging.LogRecord("a", logging.INFO, "", 0, "", None, None)
    record.request = SimpleNamespace(correlation_id=odd)
    assert CorrelationIDLoggingFilter().filter(record)
    assert (record.correlation_id, record.trace_id) == ("-", "-")


def streamed(client, path):
    return b"".join(client.get(path, headers={"X-Correlation-ID": "s-1"}).streaming_content)


def streamed_async(path):
    from django.test import AsyncClient

    async def ask():
        response = await AsyncClient().get(path, headers={"X-Correlation-ID": "s-1"})
        return b"".join([part async for part in response.streaming_content])

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/stream/", "/stream-async/"])
def test_what_a_streamed_body_does_belongs_to_its_request(client, spans, caplog, path):
    caplog.handler.addFilter(CorrelationIDLoggingFilter())
    assert (streamed_async(path) if "async" in path else streamed(client, path)) == b"s-1s-1"
    (server,) = [span for span in spans() if span.parent is None]
    parts = [span for span in spans() if span.name == "part"]
    assert [span.parent.span_id for span in parts] == [server.context.span_id] * 2
    assert {span.attributes["correlation_id"] for span in spans()} == {"s-1"}
    assert {record.correlation_id for record in caplog.records if record.msg == "in the body"} == {"s-1"}
    assert get_correlation_id() is None
    assert "different Context" not in caplog.text


@pytest.mark.parametrize("path", ["/health/stream/", "/health/stream-async/"])
def test_the_streamed_body_of_a_left_out_request_leaves_no_span(client, spans, path):
    assert (streamed_async(path) if "async" in path else streamed(client, path)) == b"s-1s-1"
    assert spans() == ()


@pytest.mark.parametrize("own", [False, True])
def test_a_file_is_left_to_the_server(own):
    from django.core.files import File
    from django.http import FileResponse
    from django.test import RequestFactory

    from thebot_tracing.middleware import CorrelationIDMiddleware

    with open(__file__, "rb") as file:
        response = FileResponse(File(file) if own else file)
        assert CorrelationIDMiddleware(lambda _: response)(RequestFactory().get("/")).file_to_stream is not None


def test_the_middleware_alone_without_tracing():
    from django.http import HttpResponse
    from django.test import RequestFactory

    from thebot_tracing.middleware import CorrelationIDMiddleware

    def fail(_request):
        raise RuntimeError("in the view")

    request = RequestFactory().get("/", headers={"X-B3-Trace-ID": "463ac35c9f6413ad48485a3953bb6124"})
    assert CorrelationIDMiddleware(lambda _: HttpResponse())(request)["X-Correlation-ID"] == "463ac35c9f6413ad48485a3953bb6124"
    with pytest.raises(RuntimeError):
        CorrelationIDMiddleware(fail)(request)
    assert get_correlation_id() is None


def test_propagation_is_set_up_for_all_instrumentations(exporter):
    assert isinstance(propagate.get_global_textmap(), CorrelationPropagator)


@pytest.mark.parametrize("name", ["X-Correlation-ID", "x-correlation-id"])
def test_a_call_s_own_header_stays_as_the_application_has_set_it(name):
    headers = {name: "the application's"}
    with correlation_id("of-the-request"):
        CorrelationPropagator(("tracecontext", "baggage")).inject(headers)
    assert {key: value for key, value in headers.items() if key.lower() == "x-correlation-id"} == {name: "the application's"}
    assert headers["baggage"] == "correlation_id=of-the-request"


def test_a_propagator_that_fails_costs_no_request(monkeypatch, caplog):
    propagator = CorrelationPropagator(("tracecontext",))

    def fails(*_):
        raise RuntimeError("a fault")

    monkeypatch.setattr(propagator._readers[0][0], "extract", fails)
    assert not trace.get_current_span(propagator.extract({"traceparent": "x"})).get_span_context().is_valid
    assert "could not be read" in caplog.text

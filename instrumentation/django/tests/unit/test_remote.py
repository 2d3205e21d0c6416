"""Jaeger's strategies: what is served is followed, and the last good ones hold."""

import json
import os
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from collector import serve
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased
from opentelemetry.trace import SpanKind

from thebot_tracing import remote
from thebot_tracing.remote import JaegerRemoteSampler, StrategyError, parse_argument, parse_strategies
from thebot_tracing.rules import parse_rules
from unit.test_sampler import keeps, request
from unit.test_session import answering

# As Jaeger 2.13 answers for a service with rates by operation, and as later ones name the type.
BY_OPERATION = {
    "strategyType": 0,
    "probabilisticSampling": {"samplingRate": 0},
    "operationSampling": {
        "defaultSamplingProbability": 0,
        "perOperationStrategies": [
            {"operation": "POST /api/auth/login", "probabilisticSampling": {"samplingRate": 1}},
            {"operation": "GET api/chat/rooms/", "probabilisticSampling": {"samplingRate": 1}},
        ],
    },
}
EVERYTHING = {"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 1}}


@pytest.fixture
def jaeger():
    """A server of strategies; `answer` is a (status, text), `asked` counts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            status, text = server.answer
            self.send_response(status)
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    server.headers = {}
    server.answer = (200, json.dumps(EVERYTHING))
    serve(server)
    yield server
    server.shutdown()
    server.server_close()


def sampler_of(server, **options):
    return JaegerRemoteSampler(f"http://127.0.0.1:{server.server_port}", "thebot-platform", **options)


def eventually(condition):
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_follows_what_jaeger_serves_by_operation(jaeger):
    jaeger.answer = (200, json.dumps(BY_OPERATION))
    sampler = sampler_of(jaeger)
    sampler.refresh()
    assert jaeger.asked == ["/?service=thebot-platform"]
    assert keeps(sampler, 2**127, request("/api/auth/login/", "POST"))
    assert keeps(sampler, 2**127, request("/api/chat/rooms/"))
    assert not keeps(sampler, 2**127, request("/other"))
    sampler.shutdown()


def test_polls_and_takes_up_a_change(jaeger):
    sampler = sampler_of(jaeger, polling_interval=0.05, initial_percent=0)
    keeps(sampler, 1)
    eventually(lambda: keeps(sampler, 2**64 - 1))
    jaeger.answer = (200, json.dumps(BY_OPERATION))
    eventually(lambda: not keeps(sampler, 2**64 - 1))
    sampler.shutdown()


@pytest.mark.parametrize(
    "bad", [(500, "no"), (200, "{"), (200, "[]"), (200, '{"strategyType":1}'), (200, '{"probabilisticSampling":{"samplingRate":7}}')]
)
def test_keeps_the_last_good_ones(jaeger, bad):
    sampler = sampler_of(jaeger, initial_percent=0)
    sampler.refresh()
    jaeger.answer = bad
    with pytest.raises((OSError, ValueError)):
        sampler.refresh()
    assert keeps(sampler, 2**64 - 1)


@pytest.mark.parametrize(("retry_after", "asked"), [("3", 1), ("0", 3)])
def test_asks_again_when_the_answer_says(jaeger, retry_after, asked):
    jaeger.answer, jaeger.headers = (429, "later"), {"Retry-After": retry_after}
    sampler = sampler_of(jaeger, polling_interval=0.05)
    keeps(sampler, 1)
    time.sleep(1)
    sampler.shutdown()
    assert len(jaeger.asked) >= asked
    assert (len(jaeger.asked) == 1) is (asked == 1)


@pytest.mark.parametrize("answer", [(302, ""), (404, "<html>"), (200, "<html>OK</html>"), (200, ""), (200, json.dumps(EVERYTHING) * 2)])
def test_an_answer_without_strategies_is_an_error_and_changes_nothing(jaeger, answer):
    jaeger.answer, jaeger.headers = answer, {"Location": "/other"} if answer[0] == 302 else {}
    sampler = sampler_of(jaeger, initial_percent=0)
    with pytest.raises((OSError, ValueError)):
        sampler.refresh()
    assert len(jaeger.asked) == 1
    assert not keeps(sampler, 2**64 - 1)
    sampler.shutdown()


def test_an_answer_that_trickles_ends_with_the_timeout(monkeypatch):
    monkeypatch.setattr(remote, "_TIMEOUT", 0.5)
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", *[b" "] * 1000, every=0.05) as (endpoint, _):
        sampler = JaegerRemoteSampler(endpoint, "s")
        start = time.monotonic()
        with pytest.raises((OSError, ValueError)):
            sampler.refresh()
        assert time.monotonic() - start < 3


def test_backs_off_while_jaeger_fails(jaeger, caplog):
    jaeger.answer = (500, "no")
    sampler = sampler_of(jaeger, polling_interval=0.05)
    keeps(sampler, 1)
    start = time.monotonic()
    eventually(lambda: len(jaeger.asked) >= 4)
    sampler.shutdown()
    # Each try waits twice as long as the one before: 0.1, 0.2, 0.4, a tenth less at the least; without back-off 0.15 in all.
    assert time.monotonic() - start > 0.6
    assert "the last ones hold" in caplog.text


@pytest.mark.parametrize(
    "garbage", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", b"\xff" * 70_000, b""]
)
def test_goes_on_asking_what_speaks_no_http(garbage):
    asked = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            asked.append(self.request.recv(65536))
            self.request.sendall(garbage)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        serve(server)
        sampler = JaegerRemoteSampler(f"http://127.0.0.1:{server.server_address[1]}", "s", polling_interval=0.05)
        keeps(sampler, 1)
        eventually(lambda: len(asked) >= 3)
        sampler.shutdown()
        server.shutdown()


def test_no_request_fails_where_no_thread_can_start(jaeger, monkeypatch, caplog):
    def start(_thread):
        raise RuntimeError("can't start new thread")

    sampler = sampler_of(jaeger, initial_percent=0)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        assert not keeps(sampler, 2**64 - 1)
    assert "can't start new thread" in caplog.text
    eventually(lambda: keeps(sampler, 2**64 - 1))
    sampler.shutdown()


def test_starts_with_the_initial_rate_and_the_own_rules():
    rules, _ = parse_rules('{"operations":[{"operation":"POST /api/payments/**","percent":100}]}', "R")
    sampler = JaegerRemoteSampler("http://127.0.0.1:9", "s", polling_interval=60, initial_percent=0, rules=rules)
    assert keeps(sampler, 2**64 - 1, request("/api/payments/42/", "POST"))
    assert not keeps(sampler, 2**64 - 1, request("/other"))
    sampler.shutdown()


@pytest.mark.parametrize(("of_request", "of_others"), [(100, 0), (0, 100)])
def test_what_is_below_a_request_goes_with_it(of_request, of_others):
    rules, _ = parse_rules(f'{{"operations":[{{"operation":"GET /a","percent":{of_request}}}]}}', "R")
    sampler = JaegerRemoteSampler("http://127.0.0.1:9", "s", initial_percent=of_others, rules=rules)
    tracer = TracerProvider(sampler=sampler, shutdown_on_exit=False).get_tracer("t")
    with tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes=request("/a")) as above:
        below = tracer.start_span("query", attributes={"rows": 1})
        assert above.is_recording() is below.is_recording() is (of_request == 100)
    assert getattr(below, "attributes", {"rows": 1}) == {"rows": 1}
    sampler.shutdown()


def test_the_argument_of_the_specification():
    found, errors = parse_argument("endpoint=http://jaeger:5778,pollingIntervalMs=30000,initialSamplingRate=0.25")
    assert errors == []
    assert found == {"endpoint": "http://jaeger:5778", "polling_interval": 30.0, "initial_percent": 25.0}


def test_all_errors_of_the_argument_at_once():
    _, errors = parse_argument("endpoint=jaeger,pollingIntervalMs=x,initialSamplingRate=2,colour=red")
    assert len(errors) == 4
    assert len(parse_argument("")[1]) == 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "strategyType",
                        "probabilisticSampling",
                        "operationSampling",
                        "samplingRate",
                        "defaultSamplingProbability",
                        "perOperationStrategies",
                    ]
                ),
                inner,
            )
        ),
    )
)
def test_no_answer_breaks_it(answer):
    try:
        parse_strategies(answer)
    except StrategyError:
        return


def test_is_found_by_the_names_of_the_specification(monkeypatch):
    from thebot_tracing.bootstrap import make_sampler
    from thebot_tracing.settings import load_settings

    variables = {"OTEL_TRACES_SAMPLER_ARG": "endpoint=http://127.0.0.1:9"}
    plain = make_sampler(load_settings({**variables, "OTEL_TRACES_SAMPLER": "jaeger_remote"}, object()))
    assert isinstance(plain, JaegerRemoteSampler)
    based = make_sampler(load_settings({**variables, "OTEL_TRACES_SAMPLER": "parentbased_jaeger_remote"}, object()))
    assert isinstance(based, ParentBased)
    from opentelemetry.sdk._configuration import _import_sampler

    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", variables["OTEL_TRACES_SAMPLER_ARG"])
    assert isinstance(_import_sampler("parentbased_jaeger_remote"), ParentBased)


def test_a_forked_child_polls_by_itself(jaeger):
    sampler = sampler_of(jaeger, polling_interval=60)
    keeps(sampler, 1)
    eventually(lambda: len(jaeger.asked) == 1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(writer)
            keeps(sampler, 1)
            # Until the parent has seen what it waits for, or is gone.
            os.read(reader, 1)
        finally:
            os._exit(0)
    os.close(reader)
    try:
        eventually(lambda: len(jaeger.asked) == 2)
    finally:
        os.close(writer)
        os.waitpid(child, 0)
    sampler.shutdown()

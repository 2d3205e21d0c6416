"""Rates by environment and operation, decisions of other services, and requests left out."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, TraceState

from thebot_tracing import EnvironmentBasedSampler
from thebot_tracing.children_only import ChildrenOnlyProvider
from thebot_tracing.rules import Rules, parse_rules
from thebot_tracing.sampler import LeaveOutSampler, OperationSampler

trace_ids = st.integers(1, 2**128 - 1)


def keeps(sampler, trace_id, attributes=None, parent=None, kind=SpanKind.SERVER):
    return sampler.should_sample(parent, trace_id, "name", kind, attributes).decision is Decision.RECORD_AND_SAMPLE


def parent(sampled, remote, state=None):
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else 0)
    return trace.set_span_in_context(NonRecordingSpan(SpanContext(7, 7, remote, flags, TraceState(state or []))))


def request(path, method="GET"):
    return {"http.method": method, "http.target": path}


@pytest.mark.parametrize(("environment", "percent"), [("development", 100), ("staging", 50), ("production", 10), (None, 100)])
def test_rates_of_the_environments(environment, percent):
    sampler = EnvironmentBasedSampler(environment)
    assert sampler.percent == percent
    ids = [random.Random(43).getrandbits(128) for _ in range(1)] + [random.Random(i).getrandbits(128) for i in range(2000)]
    expected = TraceIdRatioBased(percent / 100)
    assert [keeps(sampler, i) for i in ids] == [keeps(expected, i) for i in ids]
    assert sum(keeps(sampler, i) for i in ids) == pytest.approx(percent / 100 * len(ids), rel=0.15)


def test_the_variable_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("TRACING_SAMPLE_PERCENTAGE", "12.5")
    assert EnvironmentBasedSampler("production").percent == 12.5
    assert "12.5 %" in EnvironmentBasedSampler("production").get_description()


@pytest.mark.parametrize("bad", ["", "ten", "-1", "101", "1e2", "50%"])
def test_a_bad_percentage_is_a_clear_error(monkeypatch, bad):
    monkeypatch.setenv("TRACING_SAMPLE_PERCENTAGE", bad)
    with pytest.raises(ValueError, match=r"TRACING_SAMPLE_PERCENTAGE: found .*; allowed is a decimal, 0 to 100"):
        EnvironmentBasedSampler("production")


def test_an_unknown_environment_is_a_clear_error():
    with pytest.raises(ValueError, match="allowed is one of development, staging, production"):
        EnvironmentBasedSampler("prod")
    assert EnvironmentBasedSampler("prod", percent=5).percent == 5


@given(trace_ids, st.floats(0, 100), st.floats(0, 100))
def test_what_is_kept_at_a_rate_is_kept_at_a_higher_one(trace_id, one, other):
    low, high = sorted((one, other))
    if keeps(EnvironmentBasedSampler(percent=low), trace_id):
        assert keeps(EnvironmentBasedSampler(percent=high), trace_id)


@given(trace_ids)
def test_rates_by_operation_win(trace_id):
    rules, _ = parse_rules(
        '{"default":0,"operations":[{"operation":"POST /api/auth/login","percent":100},{"operation":"GET /api/x","percent":0}]}', "R"
    )
    sampler = EnvironmentBasedSampler("development", percent=0, rules=rules)
    assert keeps(sampler, trace_id, request("/api/auth/login/?next=/", "POST"))
    assert keeps(sampler, trace_id, {"http.request.method": "POST", "url.path": "/api/auth/login"})
    assert keeps(sampler, trace_id, {"http.method": "POST", "http.url": "http://host/api/auth/login/"})
    assert keeps(sampler, trace_id, {"http.request.method": "POST", "url.full": "https://host:8443/api/auth/login?next=/"})
    assert not keeps(sampler, trace_id, request("/api/auth/login/", "GET"))
    assert not keeps(EnvironmentBasedSampler(percent=100, rules=rules), trace_id, request("/api/x"))
    assert not keeps(sampler, trace_id, request("/api/auth/login", "POST"), kind=SpanKind.CONSUMER)


@given(trace_ids, st.booleans(), st.booleans(), st.sampled_from([0, 50, 100]))
def test_a_trace_that_another_service_began_is_decided_there(trace_id, sampled, remote, percent):
    assert keeps(EnvironmentBasedSampler(percent=percent, rules=Rules()), trace_id, parent=parent(sampled, remote)) is sampled


leave_out = LeaveOutSampler(ALWAYS_ON, lambda method, path, url: path == "/health")


@given(trace_ids)
def test_left_out_requests_have_no_descendants(trace_id):
    result = leave_out.should_sample(None, trace_id, "GET health", SpanKind.SERVER, request("/health"))
    assert result.decision is Decision.DROP
    state = list(result.trace_state.items())
    assert not keeps(leave_out, trace_id, parent=parent(False, False, state), kind=SpanKind.CLIENT)
    assert not keeps(leave_out, trace_id, parent=parent(False, True, state), kind=SpanKind.CONSUMER)
    assert keeps(leave_out, trace_id, request("/healthcare"))
    assert keeps(leave_out, trace_id, request("/a"), parent=parent(False, True, state)), "anybody can send the mark"


def test_a_left_out_request_is_left_out_also_when_its_caller_is_traced():
    assert not keeps(leave_out, 1, request("/health"), parent=parent(True, True))


def test_an_unsampled_caller_does_not_stop_always_on():
    assert keeps(leave_out, 1, request("/a"), parent=parent(False, True))


def test_a_tracer_for_children_makes_no_root_span():
    own = TracerProvider(shutdown_on_exit=False)
    held = ChildrenOnlyProvider(own).get_tracer("redis")
    with held.start_as_current_span("PING", kind=SpanKind.CLIENT) as span:
        assert not span.is_recording()
    assert not held.start_span("PING").is_recording()
    with own.get_tracer("t").start_as_current_span("request") as request_span:
        with held.start_as_current_span("GET", kind=SpanKind.CLIENT) as span:
            assert span.is_recording()
        child = held.start_span("SET")
        assert child.get_span_context().trace_id == request_span.get_span_context().trace_id


def test_a_tracer_for_children_makes_no_span_below_a_publication():
    own = TracerProvider(shutdown_on_exit=False)
    held = ChildrenOnlyProvider(own).get_tracer("redis")
    celery = {"celery.action": "apply_async"}
    with own.get_tracer("t").start_as_current_span("apply_async", kind=SpanKind.PRODUCER, attributes=celery):
        assert not held.start_span("LPUSH").is_recording()
    with own.get_tracer("t").start_as_current_span("publish", kind=SpanKind.PRODUCER):
        assert held.start_span("GET").is_recording()
    with own.get_tracer("t").start_as_current_span("run", kind=SpanKind.CONSUMER):
        assert held.start_span("GET").is_recording()


def test_rates_that_change_for_ever_take_no_more_memory():
    """As Jaeger's adaptive strategies serve them."""
    rates = iter(range(10_000))
    sampler = OperationSampler(lambda _request: next(rates) / 100, "adaptive")
    for trace_id in range(10_000):
        sampler.should_sample(None, trace_id, "a")
    assert len(sampler._samplers) <= 256

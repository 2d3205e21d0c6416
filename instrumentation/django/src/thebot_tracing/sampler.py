"""Samplers: by environment and operation, and the one that leaves requests out whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from .rules import Rules, parse_rules, percentage

ENVIRONMENT_PERCENT: Mapping[str, float] = {"development": 100.0, "staging": 50.0, "production": 10.0}
"""Percent of traces kept, by environment."""

_MOST_SAMPLERS = 256
_MARK = ("thebot", "left-out")
"""In the trace state of a left-out request: the tasks that it sends are left out too."""


def request_of(attributes: Attributes) -> tuple[str, str] | None:
    """Method and path of a request by a span's attributes, of today's semantic conventions or the ones before 1.23."""
    found = attributes or {}
    method = found.get("http.request.method") or found.get("http.method")
    # As it was sent, where that is known: a server decodes `url.path`.
    path = found.get("http.target") or found.get("url.path")
    if not path:
        # Before 1.23 a server without the request's own text gives the URL alone.
        url = urlsplit(str(found.get("url.full") or found.get("http.url") or ""))
        path = f"{url.path}?{url.query}" if url.query else url.path
    return (method, path) if isinstance(method, str) and isinstance(path, str) and path else None


class OperationSampler(Sampler):
    """Decide at a process's first span of a trace, by operation. What is below it there goes with it.

    Args:
        rate: percent, 0 to 100, of a request (method, path), and of a trace that starts with none (None).
        description: what `get_description` says.
    """

    def __init__(self, rate: Callable[[tuple[str, str] | None], float], description: str) -> None:
        self._rate = rate
        self._description = description
        self._samplers: dict[float, TraceIdRatioBased] = {}

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Follow a parent of this process, else hash the trace id against the rate of the operation."""
        parent = get_current_span(parent_context).get_span_context()
        if parent.is_valid and not parent.is_remote:
            kept = parent.trace_flags.sampled
            return SamplingResult(Decision.RECORD_AND_SAMPLE if kept else Decision.DROP, attributes if kept else None, parent.trace_state)
        rate = self._rate(request_of(attributes) if kind is SpanKind.SERVER else None)
        sampler = self._samplers.get(rate)
        if sampler is None:
            # Adaptive strategies serve new rates for ever.
            if len(self._samplers) >= _MOST_SAMPLERS:
                self._samplers.clear()
            sampler = self._samplers[rate] = TraceIdRatioBased(rate / 100)
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        """What decides."""
        return self._description


class EnvironmentBasedSampler(ParentBased):
    """Keep a percentage of the traces, by environment: development 100, staging 50, production 10.

    A trace that another service has begun is kept if that service kept it.

    Args:
        environment: the name of the environment. Default: development.
        percent: percent of traces kept, instead of the environment's. Default: TRACING_SAMPLE_PERCENTAGE.
        rules: rates by operation, which win. Default: the operations of TRACING_SAMPLING_RULES.

    Raises:
        ValueError: the percentage, the rules or the environment is none.
    """

    def __init__(self, environment: str | None = None, percent: float | str | None = None, rules: Rules | None = None) -> None:
        found = os.environ.get("TRACING_SAMPLE_PERCENTAGE") if percent is None else percent
        kept = ENVIRONMENT_PERCENT.get(environment or "development") if found is None else percentage(found)
        if kept is None and found is not None:
            raise ValueError(f"TRACING_SAMPLE_PERCENTAGE: found {found!r}; allowed is a decimal, 0 to 100")
        if kept is None:
            raise ValueError(
                f"environment: found {environment!r}; allowed is one of {', '.join(ENVIRONMENT_PERCENT)}, or set TRACING_SAMPLE_PERCENTAGE"
            )
        self.percent = kept
        self.rules = _rules_of_environment() if rules is None else rules
        super().__init__(OperationSampler(self._rate, f"EnvironmentBasedSampler{{{kept:g} %}}"))

    def _rate(self, request: tuple[str, str] | None) -> float:
        rule = self.rules.rule(*request) if request else None
        return rule.percent if rule else self.percent


def _rules_of_environment() -> Rules:
    text = os.environ.get("TRACING_SAMPLING_RULES")
    if not text:
        return Rules()
    rules, errors = parse_rules(text, "TRACING_SAMPLING_RULES")
    if errors:
        raise ValueError("\n".join(errors))
    return rules


def environment_sampler(_argument: str | None) -> Sampler:
    """Entry point `environment` of OTEL_TRACES_SAMPLER."""
    from .settings import load_settings

    return EnvironmentBasedSampler(load_settings().environment)


class LeaveOutSampler(Sampler):
    """Leave requests out with all that they cause, and ask `delegate` about the rest.

    A server span that is left out has no descendants either: not in this process, and not in a worker (a mark in the trace state goes with
    the task). On a request the mark means nothing: anybody could hide one by it.

    Args:
        delegate: decides on everything else.
        left_out: whether a request is left out, by its method, path and whole URL.
        follows: whether the delegate keeps what is below a span of this process that it has kept. Nobody has to ask it then.
    """

    def __init__(self, delegate: Sampler, left_out: Callable[[str, str, str], bool], follows: bool = False) -> None:
        self.follows = follows
        self._delegate = delegate
        self._left_out = left_out

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Drop what is left out, else ask the delegate."""
        parent = get_current_span(parent_context).get_span_context()
        dropped = parent.is_valid and not parent.trace_flags.sampled
        if dropped and (not parent.is_remote or (kind is SpanKind.CONSUMER and marked(parent))):
            return SamplingResult(Decision.DROP, None, parent.trace_state)
        if kind is SpanKind.SERVER and (not parent.is_valid or parent.is_remote):
            request = request_of(attributes)
            if request and self._left_out(*request, _url(attributes, request[1])):
                return SamplingResult(Decision.DROP, None, TraceState([_MARK]))
        return self._delegate.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """The delegate's own: what is left out is no matter of rates."""
        return self._delegate.get_description()


def marked(parent: SpanContext) -> bool:
    """Whether a span is said to be of a left-out request."""
    return not parent.trace_flags.sampled and parent.trace_state.get(_MARK[0]) == _MARK[1]


def _url(attributes: Attributes, path: str) -> str:
    found = attributes or {}
    if "http.url" in found:
        return str(found["http.url"])
    scheme = found.get("url.scheme") or found.get("http.scheme") or "http"
    host = found.get("http.host") or found.get("server.address") or found.get("http.server_name") or "localhost"
    return f"{scheme}://{host}{path}"

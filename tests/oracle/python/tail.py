"""Which traces the Collector's tail_sampling keeps, from its config file and the spans that arrive. Written from the processor's source,
v0.158.0; it knows nothing of the model that the config was made from."""

from dataclasses import dataclass
from typing import Any, Callable, Iterable

from hashing import keeps
from ottl import Span, condition

# Ticks come once a second, so a decision falls within a second of its time; an arrival so near to it could be judged either way.
_UNCERTAIN = 2.0

Policy = Callable[[str, list[Span]], bool]


@dataclass(frozen=True)
class Arrival:
    """Spans of one trace that reach the processor together: one resource's share of one request."""

    at: float
    spans: list[Span]


class Sampler:
    """One tail_sampling processor."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.on_arrival = {"span-ingest": True, "trace-complete": False}[config.get("sampling_strategy", "trace-complete")]
        self.wait = _seconds(config.get("decision_wait", "30s"))
        if not config.get("decision_cache"):
            raise ValueError("without caches the fate of late spans is not known here")
        # What bounds the memory is not what decides: traces beyond it are not judged here.
        bounds = {"num_traces", "block_on_overflow", "maximum_trace_size_bytes"}
        unknown = set(config) - {"sampling_strategy", "decision_wait", "decision_cache", "policies"} - bounds
        if unknown:
            raise ValueError(f"tail_sampling: unknown here: {sorted(unknown)}")
        self.policies = [(policy["name"], _policy(policy)) for policy in config["policies"]]

    def keeps(self, trace_id: str, arrivals: Iterable[Arrival]) -> str | None:
        """The name of the policy that keeps the trace; None where it is dropped."""
        waiting: list[Span] = []
        began: float | None = None
        for arrival in sorted(arrivals, key=lambda one: one.at):
            began = arrival.at if began is None else began
            late = arrival.at - began - self.wait
            if abs(late) < _UNCERTAIN:
                raise ValueError(f"trace {trace_id}: spans arrive {late:+.1f} s from the decision, which may go either way")
            if late > 0:
                break  # spans that come after the decision share its fate
            if self.on_arrival:
                found = self._first(trace_id, arrival.spans)
                if found is not None:
                    return found
            waiting += arrival.spans
        return None if self.on_arrival else self._first(trace_id, waiting)

    def _first(self, trace_id: str, spans: list[Span]) -> str | None:
        return next((name for name, agrees in self.policies if agrees(trace_id, spans)), None)


def sampler(config: dict[str, Any]) -> Sampler:
    """The one processor that samples, of a Collector's config file."""
    names = {
        name
        for pipeline in config["service"]["pipelines"].values()
        for name in pipeline.get("processors") or []
        if name.split("/")[0] in ("tail_sampling", "probabilistic_sampler")
    }
    if names != {"tail_sampling"}:
        raise ValueError(f"samplers in the pipelines: found {sorted(names)}; predictable is tail_sampling alone")
    return Sampler(config["processors"]["tail_sampling"])


def _policy(config: dict[str, Any]) -> Policy:
    kind = config["type"]
    if kind == "always_sample":
        return lambda trace_id, spans: True
    if kind == "probabilistic":
        salt, percentage = config[kind]["hash_salt"], config[kind]["sampling_percentage"]
        return lambda trace_id, spans: keeps(salt, trace_id, percentage)
    if kind == "ottl_condition":
        if set(config[kind]) != {"error_mode", "span"} or config[kind]["error_mode"] != "ignore":
            raise ValueError(f"policy {config['name']}: found {config[kind]}; known are conditions on spans whose errors are ignored")
        conditions = [condition(text) for text in config[kind]["span"]]
        return lambda trace_id, spans: any(holds(span) for span in spans for holds in conditions)
    if kind == "not":
        inner = _policy(config[kind]["not_sub_policy"])
        return lambda trace_id, spans: not inner(trace_id, spans)
    if kind == "and":
        parts = [_policy(part) for part in config[kind]["and_sub_policy"]]
        return lambda trace_id, spans: all(part(trace_id, spans) for part in parts)
    raise ValueError(f"policy {config['name']}: type {kind} cannot be predicted")


def _seconds(text: str) -> float:
    if not text.endswith("s") or text.endswith("ms"):
        raise ValueError(f"found {text}, want seconds")
    return float(text[:-1])

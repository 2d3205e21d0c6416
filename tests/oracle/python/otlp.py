"""Export requests in OTLP's JSON, as the Collector's receiver and tail_sampling take them apart."""

from typing import Any

from ottl import Span
from tail import Arrival


def arrivals(requests: list[dict[str, Any]]) -> dict[str, list[Arrival]]:
    """The arrivals of each trace. A request is {"at": seconds, "body": export request}."""
    found: dict[str, list[Arrival]] = {}
    for request in requests:
        for resource in request["body"]["resourceSpans"]:
            own = _attributes(resource.get("resource", {}))
            together: dict[str, list[Span]] = {}
            for scope in resource["scopeSpans"]:
                for raw in scope["spans"]:
                    span = _span(raw, own)
                    together.setdefault(span.trace_id, []).append(span)
            for trace_id, spans in together.items():
                found.setdefault(trace_id, []).append(Arrival(float(request["at"]), spans))
    return found


def _span(raw: dict[str, Any], resource: dict[str, Any]) -> Span:
    return Span(
        trace_id=raw["traceId"].lower(),
        parent=raw.get("parentSpanId", ""),
        kind=int(raw.get("kind", 0)),
        status=int(raw.get("status", {}).get("code", 0)),
        start=int(raw.get("startTimeUnixNano", 0)),
        end=int(raw.get("endTimeUnixNano", 0)),
        attributes=_attributes(raw),
        resource=resource,
    )


def _attributes(holder: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: _value(one["value"]) for one in holder.get("attributes", [])}


def _value(raw: dict[str, Any]) -> Any:
    if "intValue" in raw:
        return int(raw["intValue"])
    return next(iter(raw.values()), None)

"""Which share of traces an SDK sends that polls Jaeger's remote sampling, from the strategies file. Written from Jaeger 2.13's source
(internal/sampling/samplingstrategy/file) and the samplers of the SDKs; it knows nothing of the model that the file was made from."""

from typing import Any


class Strategies:
    """The strategies as Jaeger serves them."""

    def __init__(self, file: dict[str, Any], fallback: float) -> None:
        """`fallback` is Jaeger's setting default_sampling_probability: what it serves where the file says nothing that it can read."""
        self.fallback = fallback
        default = file.get("default_strategy")
        self.default = (fallback, {}) if default is None else self._read(default)
        self.services: dict[str, tuple[float, dict[str, float]]] = {}
        for service in file.get("service_strategies") or []:
            rate, operations = self._read(service)
            # Operations of the default strategy are added to each service, whose own ones hold.
            self.services[service["service"]] = (rate, {**self.default[1], **operations})

    def rate(self, service: str, span: str) -> float:
        """The probability, 0 to 1, with which the SDK of a service begins a trace with a span of that name."""
        rate, operations = self.services.get(service, self.default)
        return operations.get(span, rate)

    def _read(self, strategy: dict[str, Any]) -> tuple[float, dict[str, float]]:
        rate = self._probability(strategy)
        operations: dict[str, float] = {}
        for one in strategy.get("operation_strategies") or []:
            operations.setdefault(one["operation"], self._probability(one))
        return rate, operations

    def _probability(self, strategy: dict[str, Any]) -> float:
        kind = strategy.get("type")
        if kind == "ratelimiting":
            raise ValueError("a limit is no probability")
        return float(strategy.get("param", 0)) if kind == "probabilistic" else self.fallback

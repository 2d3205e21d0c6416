"""The sampler that asks Jaeger: OpenTelemetry's `jaeger_remote`, which its Python SDK lacks.

Arguments are those of the OpenTelemetry specification: `endpoint`, `pollingIntervalMs`, `initialSamplingRate` (0 to 1).
"""

from __future__ import annotations

import json
import logging
import os
import random
import re
import threading
import urllib.parse
import weakref
from collections.abc import Callable
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler

from .operations import parse_operation
from .rules import Rule, Rules
from .sampler import OperationSampler
from .session import ExportSession, reason
from .threads import here

_logger = logging.getLogger(__name__)
_TIMEOUT = 5.0
_LONGEST = 300.0


class StrategyError(ValueError):
    """What was served is no strategy that this sampler can follow."""


def parse_strategies(answer: object) -> Rules:
    """Rates of an answer of Jaeger's port 5778, in percent.

    Jaeger 2.13 names the type by number, later ones by name. Rate-limiting strategies are refused: the stack serves none.

    Raises:
        StrategyError: it is no such answer.
    """
    if not isinstance(answer, dict):
        raise StrategyError(f"found {type(answer).__name__}; wanted an object")
    operations = answer.get("operationSampling")
    if isinstance(operations, dict):
        default = _rate(operations.get("defaultSamplingProbability"), "operationSampling.defaultSamplingProbability")
        rules = []
        for entry in _items(operations.get("perOperationStrategies")):
            text = str(entry.get("operation"))
            rate = _rate(_member(entry, "probabilisticSampling").get("samplingRate", 0), f"the rate of {text!r}")
            operation = parse_operation(text) or parse_operation(text.replace(" ", " /", 1))
            if operation is not None:
                rules.append(Rule(operation, rate))
        return Rules(default, 100.0, tuple(rules))
    if answer.get("strategyType", 0) in (0, "PROBABILISTIC"):
        sampling = answer.get("probabilisticSampling")
        if isinstance(sampling, dict):
            return Rules(_rate(sampling.get("samplingRate", 0), "probabilisticSampling.samplingRate"))
    raise StrategyError(f"found the strategy {answer.get('strategyType')!r}; only probabilistic ones are followed")


def _items(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; JSON leaves an empty one out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _member(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _rate(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise StrategyError(f"{name}: found {value!r}; allowed is 0 to 1")
    return float(value) * 100


class JaegerRemoteSampler(OperationSampler):
    """Keep what Jaeger's strategies say. They are asked for by a thread of each process; the last good ones hold.

    Args:
        endpoint: address of Jaeger's sampling port, such as http://jaeger:5778.
        service: name of the service whose strategies are wanted.
        polling_interval: seconds between two questions. After a failure twice as many, and so on up to five minutes.
        initial_percent: percent kept until the first answer.
        rules: rates by operation for those that the strategies do not name. Other SDKs match exact names, so a strategies file may
            lack wildcards.
    """

    def __init__(
        self,
        endpoint: str,
        service: str,
        polling_interval: float = 60.0,
        initial_percent: float = 100.0,
        rules: Rules | None = None,
    ) -> None:
        super().__init__(self._rate_of, f"JaegerRemoteSampler{{{endpoint}, initially {initial_percent:g} %}}")
        address = urllib.parse.urlsplit(endpoint)
        query = urllib.parse.urlencode({"service": service})
        self.url = address._replace(path=address.path or "/", query=query).geturl()
        self._interval = polling_interval
        self._local = rules or Rules()
        self._served = Rules(initial_percent)
        self._stop = threading.Event()
        self._retry_after = 0.0
        self._place: object = None
        self._begin()
        own = weakref.WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (begin := own()) and begin())

    def _begin(self) -> None:
        """Begin in this process, with a lock that no thread of the parent holds."""
        self._polled: object = None
        self._make_lock()

    def _make_lock(self) -> None:
        self._lock = threading.Lock()
        self._place = here()

    def _rate_of(self, request: tuple[str, str] | None) -> float:
        if self._polled != here():
            self._start()
        served = self._served
        rule = (served.rule(*request) or self._local.rule(*request)) if request else None
        return rule.percent if rule else served.default

    def _start(self) -> None:
        """Begin to poll in this process: a thread does not survive a fork."""
        place = here()
        if self._place != place:
            self._make_lock()
        with self._lock:
            if self._polled == place:
                return
            # Before the thread starts: where that lets another request run, it must not wait for the lock.
            self._polled = place
            self._stop = threading.Event()
            try:
                threading.Thread(target=self._poll, args=(place,), name="JaegerRemoteSampler", daemon=True).start()
            except RuntimeError as error:
                # The next request tries again: none fails for it.
                self._polled = None
                _logger.error("sampling strategies are not asked for, as the thread does not start: %s", error)

    def _poll(self, place: object) -> None:
        delay, stop = self._interval, self._stop
        while self._polled == place:
            try:
                self.refresh()
                delay = self._interval
            except Exception as error:  # noqa: BLE001 - whatever answers, the thread goes on asking
                longest = max(_LONGEST, self._interval)
                delay = min(max(delay * 2, self._retry_after), longest)
                _logger.warning("sampling strategies: %s; the last ones hold, next try in about %.0f s", reason(error), delay)
            if stop.wait(delay * random.uniform(0.9, 1.1)):  # noqa: S311 - spreads the questions of many processes
                return

    def refresh(self) -> None:
        """Ask once, and follow the answer.

        Raises:
            OSError: no answer, or one without strategies. A redirect is one: the endpoint names Jaeger itself.
            ValueError: the answer holds no strategy to follow.
        """
        with suppress_instrumentation(), ExportSession() as session:
            try:
                session.get(self.url, timeout=_TIMEOUT).raise_for_status()
            finally:
                self._retry_after = session.retry_after or 0.0
            self._served = parse_strategies(json.loads(session.body))

    def shutdown(self) -> None:
        """Ask no more."""
        self._stop.set()


def parse_argument(text: str | None) -> tuple[dict[str, Any], list[str]]:
    """Read OTEL_TRACES_SAMPLER_ARG, `endpoint=…,pollingIntervalMs=…,initialSamplingRate=…`, with all errors at once."""
    found: dict[str, Any] = {}
    errors = []
    for key, _, value in (part.strip().partition("=") for part in (text or "").split(",")):
        if key not in _ARGUMENTS:
            errors += [f"{key}: unknown; allowed is {', '.join(_ARGUMENTS)}"] if key else []
            continue
        name, read, allowed = _ARGUMENTS[key]
        found[name] = read(value)
        if found[name] is None:
            errors.append(f"{key}: found {value!r}; allowed is {allowed}")
    if "endpoint" not in found:
        errors.append("endpoint: missing; wanted is endpoint=http://<jaeger>:5778")
    return found, [f"OTEL_TRACES_SAMPLER_ARG: {error}" for error in errors]


def _address(text: str) -> str | None:
    return text if text.startswith(("http://", "https://")) else None


def _seconds(text: str) -> float | None:
    return int(text) / 1000 if re.fullmatch(r"[0-9]{3,8}", text, re.ASCII) and int(text) <= _DAY else None


def _percent(text: str) -> float | None:
    return float(text) * 100 if re.fullmatch(r"0(\.[0-9]+)?|1(\.0+)?", text, re.ASCII) else None


_DAY = 86_400_000
_ARGUMENTS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "endpoint": ("endpoint", _address, "http://host:port or https://host:port"),
    "pollingIntervalMs": ("polling_interval", _seconds, f"100 to {_DAY}"),
    "initialSamplingRate": ("initial_percent", _percent, "a decimal, 0 to 1"),
}


def jaeger_remote(argument: str | None) -> Sampler:
    """Entry point `jaeger_remote` of OTEL_TRACES_SAMPLER."""
    from .settings import load_settings

    settings = load_settings()
    found, errors = parse_argument(argument)
    if errors:
        raise ValueError("\n".join(errors))
    return JaegerRemoteSampler(service=settings.service_name, rules=settings.rules, **found)


def parentbased_jaeger_remote(argument: str | None) -> Sampler:
    """Entry point `parentbased_jaeger_remote`: a trace that another service began is kept if that one kept it."""
    return ParentBased(jaeger_remote(argument))

"""The oracle: predicts what sampling keeps from nothing but the config files that the stack was given, and from what was sent.

  oracle.py tail FOLDER < requests     {"at": seconds, "body": OTLP export request} a line; prints {"<trace id>": policy or null}
  oracle.py head FOLDER < questions    {"service": …, "span": …} a line; prints [probability, …]

FOLDER holds otel-config.yml, jaeger-config.yml and jaeger-sampling-strategies.json. `tail` takes several folders; it prints a list then.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from head import Strategies
from otlp import arrivals
from tail import sampler


def main(command: str, folders: list[Path]) -> Any:
    given = [json.loads(line) for line in sys.stdin if line.strip()]
    if command == "tail":
        traces = arrivals(given)
        return [_kept(folder, traces) for folder in folders]
    if command == "head" and len(folders) == 1:
        file = json.loads((folders[0] / "jaeger-sampling-strategies.json").read_text())
        jaeger = yaml.safe_load((folders[0] / "jaeger-config.yml").read_text())
        fallback = jaeger["extensions"]["remote_sampling"]["file"]["default_sampling_probability"]
        strategies = Strategies(file, float(fallback))
        return [strategies.rate(question["service"], question["span"]) for question in given]
    raise SystemExit(__doc__)


def _kept(folder: Path, traces: dict[str, Any]) -> dict[str, str | None]:
    one = sampler(yaml.safe_load((folder / "otel-config.yml").read_text()))
    return {trace_id: one.keeps(trace_id, own) for trace_id, own in traces.items()}


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    json.dump(main(sys.argv[1], [Path(folder) for folder in sys.argv[2:]]), sys.stdout)

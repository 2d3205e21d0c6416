"""Where the application decides: what it keeps is what the stack's strategies say, and all of it is stored.

The stack must be one of `decide: app`, and E2E_APPLICATION have what it prints for applications, as JSON. tests/e2e/sampling.test.ts of the
project makes such a stack and runs this file; the other end-to-end tests want a stack that decides itself, so pytest does not collect it.
"""

import json
import os
import re
import time
import uuid

from e2e.systems import eventually, find, get, stored, tags_of

REQUESTS = 400


def kept(app, name):
    return sum(name in spans.values() for spans in app.ledger().values())


def test_operations_keep_their_rates_and_whole_traces(start):
    given = json.loads(os.environ["E2E_APPLICATION"])
    assert given["OTEL_TRACES_SAMPLER"] == "parentbased_jaeger_remote"
    # Nothing is kept by default until Jaeger has been asked: what is kept then, is by its word.
    argument = re.sub(r"initialSamplingRate=[\d.]+", "initialSamplingRate=0", given["OTEL_TRACES_SAMPLER_ARG"])
    app = start(("-w", "2"), **{**given, "OTEL_TRACES_SAMPLER_ARG": argument})
    for _ in range(10):
        get(f"{app.url}/api/chat/rooms/1/")
    time.sleep(3)
    for _ in range(REQUESTS):
        assert get(f"{app.url}/api/chat/rooms/")[0] == 200
    for _ in range(20):
        assert get(f"{app.url}/api/payments/7/", method="POST", body={})[0] == 201
    # A caller's decision holds: it has the same trace.
    caller = f"caller-{uuid.uuid4()}"
    header = f"00-{uuid.uuid4().hex}-00f067aa0ba902b7-01"
    assert get(f"{app.url}/api/chat/rooms/", {"traceparent": header, "X-Correlation-ID": caller})[0] == 200
    app.stop()
    # 400 coins of 20 %: fewer than 35 or more than 130 heads come up less than once in 10^8 runs.
    assert 35 < kept(app, "GET api/chat/rooms/") < 130
    assert kept(app, "POST api/payments/<int:amount>/") == 20
    assert stored(app.ledger(), 60) == ({}, 0)
    (found,) = eventually("the caller's trace", 30, lambda: find(caller) or None)
    assert found["traceID"] == header.split("-")[1]
    assert {tags_of(span)["correlation_id"] for span in found["spans"]} == {caller}

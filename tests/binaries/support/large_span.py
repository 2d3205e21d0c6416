"""Ends a span of 5 MB and ten small ones behind it, by the Django package; prints the seconds until the Collector has taken all that it ever will.

What the package reports goes to the standard error stream.
"""

import logging
import time

from thebot_tracing import get_tracer, init_tracing

logging.basicConfig(format="%(name)s: %(message)s")
provider = init_tracing()
tracer = get_tracer("large")
tracer.start_span("large", attributes={"text": "x" * 5_000_000}).end()
began = time.monotonic()
for at in range(10):
    tracer.start_span(f"small {at}").end()
provider.force_flush(30_000)
print(time.monotonic() - began)

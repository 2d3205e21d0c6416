"""One application of compare.py: answers requests in this process, by WSGI and ASGI, and says what processor time they took.

It reads a line of JSON for each round from standard input, and writes one.
"""

import asyncio
import io
import json
import os
import sys
import time

KIND = sys.argv[1]
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
os.environ["DJANGO_SETTINGS_MODULE"] = "compare_settings" if KIND == "ours" else "without"


def official():
    """OpenTelemetry's own instrumentations, with the SDK's batch processor and its reader of metrics. Returns what sends at once."""
    from opentelemetry import metrics, trace
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor
    from opentelemetry.instrumentation.redis import RedisInstrumentor
    from opentelemetry.instrumentation.requests import RequestsInstrumentor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider(metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())]))
    for made in (DjangoInstrumentor, PsycopgInstrumentor, Psycopg2Instrumentor, RedisInstrumentor, CeleryInstrumentor, RequestsInstrumentor,
                 HTTPXClientInstrumentor):  # fmt: skip
        made().instrument()
    return provider.force_flush


def sentry():
    """Sentry with performance, its events thrown away."""
    import sentry_sdk
    from sentry_sdk.transport import Transport

    class Nowhere(Transport):
        def capture_envelope(self, envelope):
            envelope.serialize()

    sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", transport=Nowhere, traces_sample_rate=1.0)
    return sentry_sdk.flush


def datadog():
    """ddtrace, without an agent."""
    from ddtrace import patch_all, tracer

    patch_all()
    return tracer.flush


def ours():
    """This package, as the example's settings begin it."""
    from thebot_tracing.bootstrap import delivery

    return delivery().force_flush


def main():
    import django

    begin = {"none": lambda: lambda: None, "official": official, "sentry": sentry, "datadog": datadog}.get(KIND)
    flush = begin() if begin else None
    django.setup()
    flush = flush or ours()
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application

    settings.ROOT_URLCONF = "compare_urls"
    applications = {"wsgi": Wsgi(get_wsgi_application()), "asgi": Asgi(get_asgi_application())}
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = applications[asked["by"]]
        times = answer.times(asked["method"], asked["path"], asked["count"], flush)
        print(json.dumps(times), flush=True)


class Wsgi:
    """Requests by WSGI, as gunicorn gives them."""

    def __init__(self, application):
        self.application = application

    def times(self, method, path, count, flush):
        walls = []
        began = time.process_time()
        for _ in range(count):
            start = time.perf_counter()
            self.one(method, path)
            walls.append(time.perf_counter() - start)
        flush()
        return {"cpu": (time.process_time() - began) / count, "walls": walls}

    def one(self, method, path):
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "RAW_URI": path, "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "10.0.0.9", "REMOTE_PORT": "51234",
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
            "HTTP_HOST": "shop.example:8000", "HTTP_USER_AGENT": "Mozilla/5.0 (X11)", "HTTP_ACCEPT": "*/*",
            "HTTP_ACCEPT_ENCODING": "gzip", "HTTP_COOKIE": "a=b", "HTTP_CONNECTION": "keep-alive",
        }  # fmt: skip
        status = []
        answer = self.application(environ, lambda text, headers: status.append(text))
        for _ in answer:
            pass
        answer.close()
        assert status[0] < "3", status


class Asgi(Wsgi):
    """Requests by ASGI, one after the other."""

    def __init__(self, application):
        super().__init__(application)
        self.loop = asyncio.new_event_loop()

    def one(self, method, path):
        self.loop.run_until_complete(self.answer(method, path))

    async def answer(self, method, path):
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": b"", "root_path": "", "scheme": "http", "server": ("127.0.0.1", 8000), "client": ("10.0.0.9", 51234),
            "headers": [(b"host", b"shop.example:8000"), (b"user-agent", b"Mozilla/5.0 (X11)"), (b"accept", b"*/*"), (b"cookie", b"a=b")],
        }  # fmt: skip
        sent, asked = [], []

        async def receive():
            if asked:
                await asyncio.sleep(3600)
            asked.append(1)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        await self.application(scope, receive, send)
        assert sent[0]["status"] < 300, sent


if __name__ == "__main__":
    main()

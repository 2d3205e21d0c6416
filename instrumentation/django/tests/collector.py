"""A Collector that a test holds in its hand: it takes OTLP over HTTP, or answers as it is told."""

import collections
import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def serve(server):
    """Answer from a thread, until `server.shutdown()`: that waits for the poll, which by default comes twice a second."""
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()


class Collector:
    """`spans` has (trace id, span id) of what was taken, `resources` a dict for each export, `named` the spans' messages, `counts` how many
    there are of each service.

    `authorizations` has the path of each request, with that header.

    `status` and `headers` are what it answers; `judge`, where it is set, gives status and body for each request of traces, and
    `judge_metrics` for the names of metrics. What is longer than `most` bytes is not read: it answers `status_above`, or nothing where that
    is None, and closes the connection, as Go's servers do.

    Args:
        listening: whether it answers from the beginning. Its port is its own in any case: until `listen` connections to it are refused.
    """

    def __init__(self, listening=True):
        self.status = 200
        self.headers = {}
        self.judge = None
        self.judge_metrics = None
        self.most = 1 << 30
        self.status_above = 413
        self.times = []
        self.spans = []
        self.named = []
        self.counts = collections.Counter()
        self.metrics = []
        self.authorizations = []
        self.resources = []
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if int(self.headers["content-length"]) > outer.most:
                    outer.asked += 1
                    if outer.status_above is not None:
                        self.send_response(outer.status_above)
                        self.send_header("content-length", "0")
                        self.end_headers()
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                outer.asked += 1
                outer.authorizations.append((self.path, self.headers.get("authorization")))
                outer.times.append(time.monotonic())
                status, answer, headers = outer.answer(self.path, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server.daemon_threads = True
        self.server.server_bind()
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.listening = False
        if listening:
            self.listen()

    def listen(self):
        self.server.server_activate()
        self.listening = True
        serve(self.server)

    def answer(self, path, body):
        """Take what is sent; status, body and headers of the answer."""
        # Once: the test may set another one any time.
        status, answer, headers = self.status, b"", self.headers
        if path == "/v1/traces":
            request = ExportTraceServiceRequest.FromString(body)
            if self.judge is not None:
                status, answer = self.judge(request)
            if status == 200:
                self.take(request)
        elif path == "/v1/metrics":
            request = ExportMetricsServiceRequest.FromString(body)
            metrics = [metric for resource in request.resource_metrics for scope in resource.scope_metrics for metric in scope.metrics]
            if self.judge_metrics is not None:
                status, answer = self.judge_metrics([metric.name for metric in metrics])
            if status == 200:
                self.metrics += metrics
        return status, answer, headers

    def take(self, request):
        for resource_spans in request.resource_spans:
            self.resources.append({entry.key: entry.value.string_value for entry in resource_spans.resource.attributes})
            for scope in resource_spans.scope_spans:
                self.named += scope.spans
                self.counts[self.resources[-1].get("service.name")] += len(scope.spans)
                self.spans += [(span.trace_id.hex(), span.span_id.hex()) for span in scope.spans]

    def stop(self):
        if self.listening:
            self.server.shutdown()
        self.server.server_close()

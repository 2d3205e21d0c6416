"""A Collector that a test holds in its hand: it takes OTLP over HTTP, or answers as it is told."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """`spans` has (trace id, span id) of what was taken, `resources` a dict for each export; `status` is what it answers.

    Args:
        listening: whether it answers from the beginning. Its port is its own in any case: until `listen` connections to it are refused.
    """

    def __init__(self, listening=True):
        self.status = 200
        self.spans = []
        self.resources = []
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.asked += 1
                # Once: the test may set another one any time.
                status = outer.status
                if status == 200 and self.path == "/v1/traces":
                    outer.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

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
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request):
        for resource_spans in request.resource_spans:
            self.resources.append({entry.key: entry.value.string_value for entry in resource_spans.resource.attributes})
            for scope in resource_spans.scope_spans:
                self.spans += [(span.trace_id.hex(), span.span_id.hex()) for span in scope.spans]

    def stop(self):
        if self.listening:
            self.server.shutdown()
        self.server.server_close()

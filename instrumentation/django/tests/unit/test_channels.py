"""Channels, with its real routers and consumers: WebSockets, HTTP consumers, channel layers and workers."""

import asyncio

import pytest
from asgiref.testing import ApplicationCommunicator
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from thebot_tracing import get_correlation_id

pytest.importorskip("channels")
ID = (b"x-correlation-id", b"socket-1")
CALLER = (b"traceparent", f"00-{7:032x}-{9:016x}-01".encode())


@pytest.fixture
def application(exporter, monkeypatch):
    """An application as an asgi.py has it. It is made late: the consumers are imported after Django is set up."""
    from django.conf import settings
    from django.core.asgi import get_asgi_application

    monkeypatch.setattr(settings, "CHANNEL_LAYERS", {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}, raising=False)
    django = get_asgi_application()
    from channels.consumer import SyncConsumer
    from channels.generic.http import AsyncHttpConsumer
    from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
    from channels.routing import ChannelNameRouter, ProtocolTypeRouter, URLRouter
    from django.urls import path, re_path

    class Chat(AsyncWebsocketConsumer):
        async def connect(self):
            if self.scope["url_route"]["kwargs"].get("room") == "closed":
                await self.close()
                return
            await self.accept()

        async def receive(self, text_data=None, bytes_data=None):
            if text_data == "fail":
                raise ValueError("on purpose")
            if text_data == "layer":
                await self.channel_layer.send(self.channel_name, {"type": "chat.note"})
                return
            await self.send(text_data=f"{get_correlation_id()} {trace.get_current_span().get_span_context().span_id:016x}")

        async def chat_note(self, event):
            await self.send(text_data="noted")

    class Sync(WebsocketConsumer):
        def receive(self, text_data=None, bytes_data=None):
            self.send(text_data=f"{get_correlation_id()} {trace.get_current_span().get_span_context().span_id:016x}")

    class Page(AsyncHttpConsumer):
        async def handle(self, body):
            await self.send_response(503 if b"bad" in body else 200, b"page")

    class Worker(SyncConsumer):
        def thumbs_make(self, message):
            message["done"].append(get_correlation_id())

    rooms = URLRouter([path("rooms/<str:room>/", Chat.as_asgi())])
    return ProtocolTypeRouter(
        {
            "http": URLRouter([path("page/<int:number>/", Page.as_asgi()), re_path(r"", django)]),
            "websocket": URLRouter(
                [path("ws/", rooms), re_path(r"^sync/(?P<n>[0-9]+)/$", Sync.as_asgi()), path("admin/ws/", Sync.as_asgi())]
            ),
            "channel": ChannelNameRouter({"thumbnails": Worker.as_asgi()}),
        }
    )


def talk(application, path, *texts, headers=(ID,)):
    """Connect, send each text and hear what comes, and leave. Returns whether it was accepted, and what was heard."""

    async def spoken():
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": list(headers), "subprotocols": []}
        socket = ApplicationCommunicator(application, scope)
        await socket.send_input({"type": "websocket.connect"})
        accepted = (await socket.receive_output(10))["type"] == "websocket.accept"
        heard = []
        for text in texts:
            await socket.send_input({"type": "websocket.receive", "text": text})
            heard.append((await socket.receive_output(10))["text"])
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await socket.wait(10)
        return accepted, heard

    return asyncio.run(spoken())


def ask(application, method, path, body=b"", headers=()):
    """Status and headers of the answer to a request."""

    async def asked():
        scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": list(headers)}
        request = ApplicationCommunicator(application, scope)
        await request.send_input({"type": "http.request", "body": body})
        start = await request.receive_output(10)
        await request.receive_output(10)
        await request.wait(10)
        return start["status"], start["headers"]

    return asyncio.run(asked())


def named(spans):
    return {span.name: span for span in spans()}


@pytest.mark.parametrize(
    ("path", "route"), [("/ws/rooms/blue/", "ws/rooms/<str:room>/"), ("/sync/7/", "^sync/(?P<n>[0-9]+)/$")], ids=["async", "sync"]
)
def test_a_handshake_and_each_message_have_a_span(application, spans, path, route):
    accepted, heard = talk(application, path, "hello", headers=[ID, CALLER])
    assert accepted
    found = named(spans)
    names = [f"websocket.{what} {route}" for what in ("connect", "receive", "disconnect")]
    assert list(found) == names
    connect, receive, leave = (found[name] for name in names)
    assert (connect.context.trace_id, connect.parent.span_id, connect.kind) == (7, 9, SpanKind.SERVER)
    assert connect.attributes["http.route"] == route
    assert (connect.attributes["http.request.method"], connect.attributes["url.path"]) == ("GET", path)
    assert connect.attributes["http.response.status_code"] == 101
    assert heard == [f"socket-1 {receive.context.span_id:016x}"]
    for span in (receive, leave):
        assert (span.parent, span.kind, span.status.status_code) == (None, SpanKind.SERVER, StatusCode.UNSET)
        assert [link.context.span_id for link in span.links] == [connect.context.span_id]
        assert span.context.trace_id != 7
    assert {span.attributes["correlation_id"] for span in found.values()} == {"socket-1"}


def test_a_refused_handshake_has_its_status(application, spans):
    assert talk(application, "/ws/rooms/closed/") == (False, [])
    connect = spans()[0]
    assert connect.attributes["http.response.status_code"] == 403
    assert connect.status.status_code is StatusCode.UNSET


def test_a_message_that_fails_has_its_error(application, spans):
    with pytest.raises(ValueError, match="on purpose"):
        talk(application, "/ws/rooms/blue/", "fail")
    failed = named(spans)["websocket.receive ws/rooms/<str:room>/"]
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.events[0].attributes["exception.message"] == "on purpose"


def test_a_message_of_a_channel_layer_has_a_span(application, spans):
    assert talk(application, "/ws/rooms/blue/", "layer")[1] == ["noted"]
    note = named(spans)["chat.note ws/rooms/<str:room>/"]
    assert (note.kind, note.attributes["correlation_id"], len(note.links)) == (SpanKind.CONSUMER, "socket-1", 1)


def test_an_excluded_path_has_no_span(application, spans):
    assert talk(application, "/admin/ws/", "hello")[0]
    assert spans() == ()


def test_what_is_not_valid_is_no_correlation_id(application, spans):
    _, (heard,) = talk(application, "/ws/rooms/blue/", "hello", headers=[(b"x-correlation-id", b"no id")])
    assert len(heard.split()[0]) == 36


@pytest.mark.parametrize(("body", "status"), [(b"", 200), (b"bad", 503)])
def test_a_request_to_an_http_consumer_has_a_span(application, spans, body, status):
    answered, headers = ask(application, "POST", "/page/3/", body, [ID, CALLER])
    (span,) = spans()
    assert (answered, span.name, span.context.trace_id) == (status, "POST page/<int:number>/", 7)
    assert span.attributes["http.response.status_code"] == status
    assert (span.status.status_code is StatusCode.ERROR) is (status == 503)
    assert (b"x-correlation-id", b"socket-1") in headers


def test_a_request_to_django_below_a_router_has_one_span(application, spans):
    ask(application, "GET", "/seen/", headers=[(b"host", b"testserver")])
    assert [span.name for span in spans() if span.kind is SpanKind.SERVER] == ["GET seen/"]


def test_each_message_of_a_worker_has_a_trace_and_a_correlation_id(application, spans):
    done = []

    async def worked():
        worker = ApplicationCommunicator(application, {"type": "channel", "channel": "thumbnails"})
        for _ in range(2):
            await worker.send_input({"type": "thumbs.make", "done": done})
        while len(done) < 2:
            await asyncio.sleep(0.01)
        worker.stop(exceptions=False)

    asyncio.run(worked())
    first, second = spans()
    assert [span.attributes["correlation_id"] for span in (first, second)] == done
    assert done[0] != done[1]
    assert (first.name, first.kind, first.links, second.links) == ("thumbs.make thumbnails", SpanKind.CONSUMER, (), ())
    assert first.context.trace_id != second.context.trace_id


def test_a_failure_of_the_package_reaches_no_connection(application, spans, monkeypatch, caplog):
    from thebot_tracing import channels_consumers

    def fails(*_args):
        raise RuntimeError("a defect")

    monkeypatch.setattr(channels_consumers._Connection, "__init__", fails)
    assert talk(application, "/sync/7/", "hello")[0]
    assert spans() == ()
    assert "not recorded; it continues" in caplog.text

"""What holds a connection open, breaks off, or never ends: the session's timeout is one for the whole answer."""

import contextlib
import socket
import socketserver
import threading
import time

import pytest
import requests
from collector import serve

from thebot_tracing.session import ExportSession


@contextlib.contextmanager
def answering(*pieces, every=0.0):
    """A server of one kind of answer, in pieces; its address, and how many requests it had."""
    asked = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            asked.append(self.request.recv(1 << 20))
            with contextlib.suppress(OSError):
                for piece in pieces:
                    self.request.sendall(piece)
                    time.sleep(every)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        serve(server)
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def post(endpoint, timeout=1):
    session = ExportSession()
    start = time.monotonic()
    with contextlib.suppress(requests.RequestException):
        session.post(endpoint, b"x", timeout=timeout)
    return session, time.monotonic() - start


OK = b"HTTP/1.1 200 OK\r\n"


def test_an_answer_whose_head_trickles_is_none():
    """Each byte is within the socket's timeout."""
    with answering(*[bytes((byte,)) for byte in OK + b"x-header: " + b"a" * 1000], every=0.05) as (endpoint, _):
        session, seconds = post(endpoint)
    assert session.status is None
    assert 0.9 < seconds < 2
    assert "Timeout" in session.outcome or "timed out" in session.outcome or "too long" in session.outcome


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request"])
def test_of_an_answer_whose_body_trickles_the_status_counts(status):
    head = b"HTTP/1.1 %s\r\ncontent-length: 5000\r\n\r\n" % status
    with answering(head, *[b"x"] * 1000, every=0.05) as (endpoint, _):
        session, seconds = post(endpoint)
    assert session.status == int(status[:3])
    assert 0.9 < seconds < 2


def test_of_an_answer_that_breaks_off_the_status_counts():
    with answering(OK + b"content-length: 5000\r\n\r\nhalf") as (endpoint, _):
        session, _ = post(endpoint)
    assert session.status == 200


@pytest.mark.parametrize("head", [b"content-length: 500000000\r\n\r\n", b"\r\n"])
def test_of_a_body_without_end_the_beginning_is_read(head):
    with answering(OK + head, *[b"x" * (1 << 20)] * 200) as (endpoint, _):
        session, seconds = post(endpoint, timeout=30)
    assert (session.status, len(session.body)) == (200, 1 << 20)
    assert seconds < 5


@pytest.mark.parametrize("location", [b"", b"location: http://[bad\r\n", b"location: /elsewhere\r\n", b"location: ftp://\xff\r\n"])
def test_a_redirect_is_an_answer_wherever_it_leads(location):
    with answering(b"HTTP/1.1 302 Found\r\n" + location + b"content-length: 0\r\n\r\n") as (endpoint, asked):
        session, _ = post(endpoint)
    assert (session.status, len(asked)) == (302, 1)


def test_the_connection_is_used_again_and_each_answer_has_a_deadline_of_its_own():
    late = OK + b"content-length: 0\r\n\r\n"
    accepted = socket.create_server(("127.0.0.1", 0))

    def answer():
        # Once, for three requests.
        connection, _ = accepted.accept()
        for _ in range(3):
            connection.recv(65536)
            time.sleep(0.6)
            connection.sendall(late)

    threading.Thread(target=answer, daemon=True).start()
    session = ExportSession()
    for _ in range(3):
        assert session.post(f"http://127.0.0.1:{accepted.getsockname()[1]}/", b"x", timeout=1).status_code == 200
    accepted.close()

"""Secrets are hidden by their names: in arguments, cache keys and URLs."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import StatusCode

from thebot_tracing.encode import encode
from thebot_tracing.instrument import _cache_key
from thebot_tracing.redact import without_secret_parameters, without_secrets

words = st.sampled_from(["password", "access_token", "API-Key", "clientSecret", "Set-Cookie"])
leaves = st.integers(0, 9) | st.booleans() | st.none() | st.text(max_size=5)


secrets = st.recursive(st.just("s3cr3t"), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2))


@given(words, secrets, leaves)
def test_a_secret_is_hidden_at_any_depth_and_wherever_the_text_is_cut(word, secret, other):
    for arguments in ({"a": other, word: secret}, {"user": [{word: secret}]}, ({word: secret},), {"body": f'{{"{word}": "s3cr3t"}}'}):
        text = repr(arguments)
        for end in range(len(text) + 1):
            assert "s3cr3t" not in without_secrets(text[:end])


def test_what_is_no_secret_stays():
    text = "{'order': 7, 'password': 'it\\'s, x', 'note': 'a'}"
    assert without_secrets(text) == "{'order': 7, 'password': [hidden], 'note': 'a'}"
    assert without_secrets("{'pin_token': 42, 'n': (1, 2)}") == "{'pin_token': [hidden], 'n': (1, 2)}"
    assert without_secrets("{'order': 7, 'tags': ['a']}") == "{'order': 7, 'tags': ['a']}"


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (("GET", ":1:rooms"), ":1:rooms"),
        (("SET", b"payment:7", b"9"), "payment:7"),
        (("GET", ":1:django.contrib.sessions.cache42"), "[hidden]"),
        (("GET", "reset-Token:s3cr3t"), "[hidden]"),
        (("AUTH", "s3cr3t"), None),
        (("EVAL", "return 's3cr3t'", 0), None),
        (("PING",), None),
    ],
)
def test_a_cache_key_is_recorded_where_it_is_one(command, key):
    span = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("command")
    _cache_key(span, None, command, {})
    assert span.attributes.get("cache.key") == key


URLS = {
    "https://host/reset/?token=s3cr3t&page=2": "https://host/reset/?token=[hidden]&page=2",
    "/callback?state=1&code=s3cr3t;t": "/callback?state=1&code=[hidden]",
    "/blob?sv=1&sig=s3cr3t%2B&X-Amz-Signature=s3cr3t": "/blob?sv=1&sig=[hidden]&X-Amz-Signature=[hidden]",
    "/a?user[password]=s3cr3t&user%5Bpassword%5D=s3cr3t": "/a?user[password]=[hidden]&user%5Bpassword%5D=[hidden]",
    "/login?next=/reset?token=s3cr3t": "/login?next=/reset?token=[hidden]",
    "/login?next=%2Freset%3Ftoken%3Ds3cr3t": "/login?next=%2Freset%3Ftoken%3D[hidden]",
    "/a?PassWord=s3cr3t#top": "/a?PassWord=[hidden]#top",
    "/keyboards?sort=price&monkey=1&zipcode=2&page=": "/keyboards?sort=price&monkey=1&zipcode=2&page=",
    "/token=1/code=2": "/token=1/code=2",
}


def sent(attributes, error=None):
    """What goes to the Collector of a span."""
    span = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("GET", attributes=attributes)
    if error is not None:
        span.record_exception(error)
        span.set_status(StatusCode.ERROR, str(error))
    span.end()
    return Span.FromString(encode(span).message)


@pytest.mark.parametrize("error", [None, ValueError("an error makes the exporter's encoder write it")])
@pytest.mark.parametrize("padding", ["", "x" * 200])
@pytest.mark.parametrize(("url", "hidden"), URLS.items())
@pytest.mark.parametrize("name", ["http.url", "http.target", "url.full"])
def test_secrets_in_urls_are_not_sent(name, url, hidden, padding, error):
    (attribute,) = sent({name: f"/{padding}{url}"}, error).attributes
    assert attribute.value.string_value == f"/{padding}{hidden}"


def test_secrets_in_a_query_string_are_not_sent():
    (attribute,) = sent({"url.query": "key=s3cr3t&page=2"}).attributes
    assert attribute.value.string_value == "key=[hidden]&page=2"


def test_other_attributes_are_sent_as_they_are():
    (attribute,) = sent({"basket.note": "/a?token=1"}).attributes
    assert attribute.value.string_value == "/a?token=1"


def test_secrets_in_the_url_of_an_error_are_not_sent():
    try:
        raise ValueError("Client error '401 Unauthorized' for url 'https://host/a?api_key=s3cr3t'")
    except ValueError as error:
        span = sent({}, error)
    assert "s3cr3t" not in str(span)
    assert span.status.message == "Client error '401 Unauthorized' for url 'https://host/a?api_key=[hidden]"
    assert {attribute.key for attribute in span.events[0].attributes} >= {"exception.message", "exception.stacktrace"}


@pytest.mark.parametrize("part", ["?%26", "&", "token", "&token", "?a=", "?_-"])
def test_no_url_takes_long(part):
    text = "?" + part * (30_000 // len(part)) + "=token"
    began = time.process_time()
    without_secret_parameters(text)
    assert time.process_time() - began < 0.5


def test_no_secret_of_a_request_or_a_call_is_sent(exporter, spans):
    import httpx
    import requests
    from django.test import Client

    Client().get("/seen/?token=s3cr3t&page=2")
    for library in (requests, httpx):
        with pytest.raises((requests.ConnectionError, httpx.ConnectError)):
            library.get("http://127.0.0.1:9/?token=s3cr3t&page=2")
    messages = [encode(span).message for span in spans()]
    assert not any(b"s3cr3t" in message for message in messages)
    assert sum(b"?token=[hidden]&page=2" in message for message in messages) == 3

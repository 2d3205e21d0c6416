"""Addresses for tests: the example's, and views that show what a request carries."""

import asyncio
import logging
import threading

from config.urls import urlpatterns as example
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path, re_path
from opentelemetry import propagate

from thebot_tracing import get_correlation_id, get_tracer

logger = logging.getLogger(__name__)
tracer = get_tracer(__name__)
began = threading.Event()


def seen(request):
    """What a view sees and hands on, with a span below the request's."""
    with tracer.start_as_current_span("child"):
        headers = {}
        propagate.inject(headers)
        logger.warning("in the view")
        return JsonResponse({"request": request.correlation_id, "current": get_correlation_id(), "headers": headers})


async def seen_async(request):
    """The same, asynchronously."""
    return seen(request)


async def slow_async(request):
    """It is cancelled before it is through."""
    with tracer.start_as_current_span("slow"):
        began.set()
        await asyncio.sleep(60)


def _part():
    """A part of a body, with a span of its own."""
    with tracer.start_as_current_span("part"):
        logger.warning("in the body")
        return (get_correlation_id() or "-").encode()


def stream(request):
    """A body that is made while it is sent."""
    return StreamingHttpResponse(_part() for _ in range(2))


async def stream_async(request):
    """The same, asynchronously."""

    async def parts():
        for _ in range(2):
            await asyncio.sleep(0)
            yield _part()

    return StreamingHttpResponse(parts())


urlpatterns = [
    *example,
    path("seen/", seen),
    path("async/", seen_async),
    path("slow-async/", slow_async),
    path("stream/", stream),
    path("stream-async/", stream_async),
    path("health/stream/", stream),
    path("health/stream-async/", stream_async),
    re_path(r"^(?:admin|static|media|health|healthcare)/.*$", seen),
    path("unavailable/", lambda request: HttpResponse(status=503)),
    path("nothing/", lambda request: HttpResponse(status=204)),
]

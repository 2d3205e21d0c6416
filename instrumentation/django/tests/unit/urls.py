"""Addresses for tests: the example's, and views that show what a request carries."""

import logging

from config.urls import urlpatterns as example
from django.http import HttpResponse, JsonResponse
from django.urls import path, re_path
from opentelemetry import propagate

from thebot_tracing import get_correlation_id, get_tracer

logger = logging.getLogger(__name__)
tracer = get_tracer(__name__)


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


urlpatterns = [
    *example,
    path("seen/", seen),
    path("async/", seen_async),
    re_path(r"^(?:admin|static|media|health|healthcare)/.*$", seen),
    path("nothing/", lambda request: HttpResponse(status=204)),
]

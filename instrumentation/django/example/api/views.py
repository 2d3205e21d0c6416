"""Views: each shows one kind of span."""

import json
import logging

import requests
from config.tracing import get_meter, get_tracer
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from .models import Message, Payment, Room
from .tasks import deliver, settle

logger = logging.getLogger(__name__)
tracer = get_tracer(__name__)
payments = get_meter(__name__).create_counter("example.payments", unit="{payment}", description="Payments taken")


def rooms(request: HttpRequest) -> JsonResponse:
    """List the rooms, from the cache where it has them; POST makes one."""
    if request.method == "POST":
        made = Room.objects.create(name=json.loads(request.body or b"{}").get("name", "lobby"))
        cache.delete("rooms")
        logger.info("room %d made", made.pk)
        return JsonResponse({"id": made.pk}, status=201)
    found = cache.get("rooms")
    if found is None:
        found = list(Room.objects.order_by("pk").values("id", "name")[:50])
        cache.set("rooms", found, 60)
    return JsonResponse({"rooms": found})


def room(_request: HttpRequest, room_id: int) -> JsonResponse:
    """One room."""
    return JsonResponse({"id": room_id, "messages": Message.objects.filter(room_id=room_id).count()})


def messages(request: HttpRequest) -> JsonResponse:
    """Say something; a task delivers it."""
    body = json.loads(request.body)
    said = Message.objects.create(room_id=body["room"], text=body["text"])
    deliver.delay(said.pk)
    return JsonResponse({"id": said.pk}, status=202)


def pay(_request: HttpRequest, amount: int) -> JsonResponse:
    """Take a payment: a row, the cache, a call to the gateway, and a task that settles it."""
    with tracer.start_as_current_span("take payment") as span:
        span.set_attribute("payment.amount", amount)
        payment = Payment.objects.create(amount=amount)
        cache.set(f"payment:{payment.pk}", amount, 60)
        cache.get(f"payment:{payment.pk}")
        answer = requests.post(f"{settings.PAYMENT_GATEWAY}/charge/", json={"amount": amount}, timeout=5)
        answer.raise_for_status()
    settle.delay(payment.pk)
    payments.add(1)
    logger.info("payment %d taken", payment.pk)
    return JsonResponse({"id": payment.pk}, status=201)


def fail(_request: HttpRequest) -> HttpResponse:
    """Fail, after a query."""
    Payment.objects.count()
    raise ValueError("the payment provider does not know this card")


def health(_request: HttpRequest) -> HttpResponse:
    """Whether database and cache answer. It is asked often, and leaves no trace."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    cache.get("health")
    return HttpResponse("OK")


def charge(_request: HttpRequest) -> JsonResponse:
    """The payment gateway that the example calls: here, another request of its own."""
    return JsonResponse({"charged": True})

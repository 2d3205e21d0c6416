"""Tasks of the worker."""

import logging

import httpx
from celery import shared_task
from django.conf import settings

from .models import Message, Payment

logger = logging.getLogger(__name__)


@shared_task
def deliver(message_id: int) -> int:
    """Deliver a message."""
    return Message.objects.filter(pk=message_id).update(delivered=True)


@shared_task
def settle(payment_id: int) -> int:
    """Settle a payment: a call to the gateway, and the row."""
    httpx.post(f"{settings.PAYMENT_GATEWAY}/charge/", json={"settle": payment_id}, timeout=5).raise_for_status()
    Payment.objects.filter(pk=payment_id).update(settled=True)
    logger.info("payment %d settled", payment_id)
    return payment_id


@shared_task
def fail_in_the_background(reason: str) -> None:
    """Fail."""
    raise ValueError(reason)

"""A chat and its payments."""

from django.db import models


class Room(models.Model):
    """A chat room."""

    name = models.CharField(max_length=100)


class Message(models.Model):
    """What somebody said in a room."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE)
    text = models.TextField()
    delivered = models.BooleanField(default=False)


class Payment(models.Model):
    """An amount, in cents, and whether it has been settled."""

    amount = models.PositiveIntegerField()
    settled = models.BooleanField(default=False)

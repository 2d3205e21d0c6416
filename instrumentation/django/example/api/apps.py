"""The app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """A chat with payments."""

    name = "api"

"""The example's settings with the package, and as little logged as without it."""

from config.settings import *  # noqa: F403

LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "INFO"}}

"""The example's settings without the package: no middleware, no log filter, nothing initialised."""

import os

os.environ["ENVIRONMENT"] = "test"

from config.settings import *  # noqa: E402, F403

MIDDLEWARE = [name for name in MIDDLEWARE if "Correlation" not in name]  # noqa: F405
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "INFO"}}

"""Settings of the example: what of them is tracing's stands at the end."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = os.environ.get("ENVIRONMENT", "development")
SECRET_KEY = os.environ.get("SECRET_KEY", "an example's, and no secret")
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "api"]
MIDDLEWARE = [
    "config.middleware.correlation_id_middleware.CorrelationIDMiddleware",
    "django.middleware.common.CommonMiddleware",
]
USE_TZ = True
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = os.environ.get("REDIS_URL")
POSTGRES_PORT = os.environ.get("POSTGRES_PORT")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("POSTGRES_HOST", "127.0.0.1"),
        "PORT": POSTGRES_PORT,
        "NAME": "example",
        "USER": "example",
        "CONN_MAX_AGE": 60,
    }
    if POSTGRES_PORT
    else {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "example.sqlite3"}
}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"{REDIS_URL}/1"}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CELERY_BROKER_URL = f"{REDIS_URL}/0" if REDIS_URL else "memory://"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Without a broker tasks run in the request itself.
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL

PAYMENT_GATEWAY = os.environ.get("PAYMENT_GATEWAY", "http://127.0.0.1:8000/gateway")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"correlation_id": {"()": "config.middleware.correlation_id_middleware.CorrelationIDLoggingFilter"}},
    "formatters": {
        "line": {
            "format": "%(levelname)s %(name)s correlation_id=%(correlation_id)s trace_id=%(trace_id)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["correlation_id"], "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}

# Tracing.
try:
    from config.tracing import init_tracing, setup_metrics

    if ENVIRONMENT != "test":
        init_tracing()
        setup_metrics()
except ImportError:
    pass

if os.environ.get("SPAN_LEDGER"):
    from config.ledger import keep_ledger

    keep_ledger(Path(os.environ["SPAN_LEDGER"]))

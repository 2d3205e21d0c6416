"""For an asynchronous server: `uvicorn config.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

from thebot_tracing.asgi import flush_at_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = flush_at_shutdown(get_asgi_application())

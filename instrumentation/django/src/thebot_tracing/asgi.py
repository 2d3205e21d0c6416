"""For asynchronous servers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .bootstrap import finish, hurry

_logger = logging.getLogger(__name__)
Message = MutableMapping[str, Any]
Application = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


def flush_at_shutdown(application: Application) -> Application:
    """Django's application, with what Django lacks: an answer to the server's lifespan events, and a flush at the last of them.

    uvicorn ends by the signal that stopped it, without Python's exit handlers: what had not been sent by then would be lost. Where the
    server sends no lifespan events, as uvicorn with `lifespan off`, that is logged, and spans are sent at the end of each request, without
    waiting for a batch.
    """
    has_lifespan = False
    warned = False

    async def wrapped(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        nonlocal has_lifespan, warned
        if scope["type"] != "lifespan":
            try:
                await application(scope, receive, send)
            finally:
                if not has_lifespan:
                    hurry()
                    if not warned:
                        warned = True
                        _logger.warning(
                            "the server sends no lifespan events (lifespan off?): the last spans and metrics may be lost at its end"
                        )
            return
        has_lifespan = True
        while True:
            event = (await receive())["type"]
            if event == "lifespan.shutdown":
                await asyncio.get_running_loop().run_in_executor(None, finish)
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return

    return wrapped

"""For asynchronous servers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .bootstrap import finish

Message = MutableMapping[str, Any]
Application = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


def flush_at_shutdown(application: Application) -> Application:
    """Django's application, with what Django leaves out: an answer to the server's lifespan events, and a flush at the last of them.

    uvicorn ends by the signal that stopped it, without Python's exit handlers: what had not been sent by then would be lost.
    """

    async def wrapped(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        if scope["type"] != "lifespan":
            await application(scope, receive, send)
            return
        while True:
            event = (await receive())["type"]
            if event == "lifespan.shutdown":
                await asyncio.get_running_loop().run_in_executor(None, finish)
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return

    return wrapped

"""A thread in which coroutines run, for those who wait for them in other threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


class EventLoop:
    """Runs coroutines for one thread at a time; begins with the first. Another thread may `abort` the one at work."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._at_work: Future[Any] | None = None

    def run(self, work: Coroutine[Any, Any, Result], timeout_s: float) -> Result:
        """Run it to its end. TimeoutError where that takes longer, `CancelledError` where it was aborted."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
            self._thread.start()
        timed = asyncio.wait_for(work, timeout_s)
        future: Future[Result] = asyncio.run_coroutine_threadsafe(timed, self._loop)
        self._at_work = future
        try:
            return future.result()
        finally:
            self._at_work = None

    def abort(self) -> None:
        """End what is at work."""
        if (future := self._at_work) is not None:
            future.cancel()

    def close(self) -> None:
        """End the thread; what still runs there is cancelled."""
        loop, self._loop = self._loop, None
        if loop is None or self._thread is None:
            return
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(1.0)
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join(1.0)
        if not self._thread.is_alive():
            loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)

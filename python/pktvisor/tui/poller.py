"""The thread that steps a watch, so that a slow agent never holds up the keys."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pktvisor.tui.watch import State, Watch


class Poller:
    """Steps a watch in a thread of its own. The thread is a daemon: it holds up no exit."""

    def __init__(self, watch: Watch, deliver: Callable[[State | Exception], object]) -> None:
        self._watch = watch
        self._deliver = deliver
        """Called in the thread, with each new state, or the exception that ended it."""
        self._wake = threading.Event()
        self._is_paused = False
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Step now."""
        self._wake.set()

    def pause(self, *, is_paused: bool) -> None:
        """Stop stepping, or go on."""
        self._is_paused = is_paused
        self._wake.set()

    def stop(self) -> None:
        """End, without waiting for a step under way."""
        self._is_stopped = True
        self._wake.set()

    def _run(self) -> None:
        try:
            while not self._is_stopped:
                self._wake.clear()
                wait_s = None if self._is_paused else self._step()
                self._wake.wait(wait_s)
        except Exception as error:
            self._deliver(error)

    def _step(self) -> float | None:
        wait_s = self._watch.step()
        if not self._is_stopped:
            self._deliver(self._watch.state)
        return wait_s

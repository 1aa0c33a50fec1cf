"""Signals, taken by a thread of its own: they reach whoever is to hear of them, whatever the main thread is at.

A handler written in Python runs when the main thread comes back to the interpreter, which it does not while it reads a
file or waits for a lock. The byte that the interpreter writes to a pipe when a signal comes, does not wait for that.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress

from pktvisor import _core
from pktvisor.cli.options import complain

LONGEST_END_S = 20.0
"""A process that was asked to end, does so within this time: in order, or else as it is."""
ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_heard(hear: Callable[[int], None], numbers: Collection[signal.Signals] = ENDING) -> Iterator[None]:
    """Tell `hear` of signals, in another thread. After SIGINT or SIGTERM the process ends in time, come what may."""
    ours, its = os.pipe()
    os.set_blocking(its, False)
    before = {number: signal.signal(number, _nothing) for number in numbers}
    former = signal.set_wakeup_fd(its, warn_on_full_buffer=False)
    listener = _Listener(ours, hear)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(former)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(its)
        listener.join()
        os.close(ours)


def _nothing(*_: object) -> None:
    """Stand for a handler: without one no byte is written."""


class _Listener(threading.Thread):
    def __init__(self, wakeups: int, hear: Callable[[int], None]) -> None:
        super().__init__(name="signals", daemon=True)
        self._wakeups = wakeups
        self._hear = hear
        self._deadline: threading.Timer | None = None

    def run(self) -> None:
        with suppress(_core.InputFault, _core.ConfigFault):
            _core.drop_capabilities([])  # hearing needs none
        while came := os.read(self._wakeups, 1024):
            for number in came:
                self._take(number)
        if self._deadline is not None:
            self._deadline.cancel()

    def _take(self, number: int) -> None:
        if number in ENDING and self._deadline is None:
            self._deadline = threading.Timer(LONGEST_END_S, _end, (number,))
            self._deadline.daemon = True
            self._deadline.start()
        self._hear(number)


def _end(number: int) -> None:
    """End the process as it is: something in it does not let it end in order."""
    import logging  # start-up time matters

    sentence = f"asked to end by signal {number} and not done after {LONGEST_END_S:.0f} s: ending as it is"
    logging.getLogger(__name__).critical("%s", sentence)
    complain(sentence)
    os._exit(128 + number)

"""Reads deliveries from a broker, in a thread of its own, until it is stopped."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from pktvisor.errors import InputError
from pktvisor.hub.taking import Taker

logger = logging.getLogger(__name__)

AGAIN_S = 5.0
"""After how long a broker that failed is asked again."""
LONGEST_END_S = 10.0


class Broker(Protocol):
    """A broker that deliveries are read from."""

    def step(self, taker: Taker) -> None:
        """Connect if need be, and have what there is taken, waiting a second for it at most. What was taken is
        acknowledged, what is to come later not. InputError where the broker fails.
        """
        ...

    def close(self) -> None:
        """Let go of the broker."""
        ...


class Reading:
    """The thread."""

    def __init__(self, source: Broker, taker: Taker, name: str) -> None:
        self._source, self._taker, self._name = source, taker, name
        self._stopping = threading.Event()
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="hub-source", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being taken is taken to its end."""
        self._stopping.set()
        self._thread.join(LONGEST_END_S)
        self._taker.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._source.step(self._taker)
                self._note(None)
            except InputError as error:
                self._note(error)
                self._stopping.wait(AGAIN_S)
            except Exception:  # a fault of ours must not end the reading
                logger.exception("can't read from %s", self._name)
                self._stopping.wait(AGAIN_S)
        self._source.close()

    def _note(self, error: InputError | None) -> None:
        """Say once that the broker fails, and once that it is back."""
        if error is not None and not self._is_failing:
            logger.warning("can't read from %s: %s", self._name, error)
        elif error is None and self._is_failing:
            logger.info("reading from %s again", self._name)
        self._is_failing = error is not None

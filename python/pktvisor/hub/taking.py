"""What becomes of a delivery that comes from a broker."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeAlias

from pktvisor import clock
from pktvisor.errors import InputError
from pktvisor.hub.admission import Admission, BusyError, RefusedDelivery

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 16
"""Deliveries that are taken together, and share the syncs of the journal."""

Outcome: TypeAlias = Literal["done", "later"]
"""Whether the broker may let go of a delivery: it is on disk, or will never be taken. Else it is to come again."""


class Taker:
    """Takes deliveries into the hub."""

    def __init__(self, admission: Admission, *, now_ns: Callable[[], int] = clock.now_ns) -> None:
        self._admission = admission
        self._now_ns = now_ns
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, "take")

    def take(self, bodies: Sequence[bytes]) -> list[Outcome]:
        """Take deliveries; what is done is on disk when this returns."""
        return list(self._pool.map(self._take, bodies))

    def _take(self, body: bytes) -> Outcome:
        try:
            self._admission.take(body, self._now_ns())
        except RefusedDelivery as error:  # counted there
            logger.warning("a delivery is refused: %s", error)
        except BusyError:
            return "later"
        except InputError as error:
            logger.error("%s", error)
            return "later"
        return "done"

    def close(self) -> None:
        """Wait for what is at work."""
        self._pool.shutdown()

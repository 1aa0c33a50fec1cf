"""Merging once more what is in the journal, where policies of the hub show something else now."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterable

from pktvisor.errors import InputError
from pktvisor.hub.admission import Kept
from pktvisor.hub.delivery import read_delivery
from pktvisor.hub.journal import Journal
from pktvisor.hub.minutes import Minutes

logger = logging.getLogger(__name__)

MOST_OPEN_MINUTES = 4
"""Minutes that are merged at a time where deliveries are read back in the order in which they came."""


def merge_again(journal: Journal, kept: Iterable[Kept], minutes: Minutes, names: Collection[str]) -> None:
    """Merge deliveries of the journal into some policies of the hub.

    What is damaged is left out: it is counted when its hour is sealed. Where the disk fails, that is logged, and the
    rest is left out.
    """
    for one in kept:
        try:
            entry = journal.read(one.position)
        except InputError as error:
            logger.error("policies that have changed show nothing of the past: %s", error)
            return
        if entry is None:
            continue
        delivery = read_delivery(entry.body)
        for run in (run for at, run in enumerate(delivery.runs) if one.taken >> at & 1):
            with contextlib.suppress(InputError):  # of this window alone
                minutes.add(delivery.sender, delivery.table, run, only=names)
        minutes.close_old(MOST_OPEN_MINUTES)

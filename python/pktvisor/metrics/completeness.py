"""How complete a window is: which part of what came for its input became something that is counted."""

from __future__ import annotations

from collections.abc import Mapping

ACCOUNTED = ("decoded", "filtered")
"""Entries of a ledger for packets that were read, or turned away as configured: neither dropped nor malformed."""
CAME = ("seen", "dropped_by_interface")
"""Entries for all that came: what the interface dropped was never seen."""


def completeness(ledger: Mapping[str, int]) -> float | None:
    """Give the part of what came that was neither dropped nor malformed, 0 to 1; None where nothing came.

    A ledger may lack entries that are 0.
    """
    came = _sum(ledger, CAME)
    return _sum(ledger, ACCOUNTED) / came if came else None


def _sum(ledger: Mapping[str, int], entries: tuple[str, ...]) -> int:
    return sum(ledger.get(entry, 0) for entry in entries)

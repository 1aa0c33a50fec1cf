"""Documents from outside, made fit to be shown: whatever an agent or a file says is text to read, never to obey."""

from __future__ import annotations

import math
from typing import Any

from pktvisor.api.faults import DocumentFault
from pktvisor.api.values import LARGEST
from pktvisor.escaping import printable

DEEPEST = 100
"""Levels of objects and lists in each other that a document may have: agents need ten."""


def cleaned(value: Any, depth: int = 0) -> Any:
    """Give a document with all its texts, also those that are keys, printable, and without numbers beyond all measure.

    Raises `DocumentFault` where objects and lists are nested too deep to walk through.
    """
    match value:
        case str():
            return printable(value)
        case dict() | list() if depth >= DEEPEST:
            raise DocumentFault(
                f"the answer is nested more than {DEEPEST} levels deep; agents don't send such documents"
            )
        case dict():
            return {printable(key): cleaned(below, depth + 1) for key, below in value.items()}
        case list():
            return [cleaned(below, depth + 1) for below in value]
        case int() if abs(value) > LARGEST:
            return None
        case float() if not math.isfinite(value):
            return None
        case _:
            return value

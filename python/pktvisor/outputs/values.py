"""How values are written where several outputs agree."""

from __future__ import annotations


def bound_text(bound: float) -> str:
    """Write a histogram's upper bound: whole numbers plainly, others with six decimals."""
    return str(bound) if isinstance(bound, int) else f"{bound:.6f}"

"""How values are written where several outputs agree."""

from __future__ import annotations

LARGEST_SIGNED = 2**63 - 1


def bound_text(bound: float) -> str:
    """Write a histogram's upper bound: whole numbers plainly, others with six decimals."""
    return str(bound) if isinstance(bound, int) else f"{bound:.6f}"


def number_text(value: float) -> str:
    """Write whole numbers plainly, others with six significant digits."""
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def unicode_text(text: str) -> str:
    """Give a text that UTF-8 can say; what is no text becomes `?`."""
    return text if text.isascii() else text.encode("utf-8", errors="replace").decode()


def signed(value: int) -> int:
    """Cut a number to what 64 bits with a sign hold."""
    return min(value, LARGEST_SIGNED)

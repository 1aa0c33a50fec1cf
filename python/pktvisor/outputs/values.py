"""How values are written where several outputs agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LARGEST_SIGNED = 2**63 - 1

PIECE_CHARACTERS = 64 * 1024
"""What a piece of a text has at least, but for the last."""


def encoded(texts: Iterable[str]) -> Iterator[bytes]:
    """Give the texts as UTF-8, put together to pieces, as they come; what is no text becomes `?`."""
    gathered: list[str] = []
    size = 0
    for text in texts:
        gathered.append(text)
        size += len(text)
        if size >= PIECE_CHARACTERS:
            yield "".join(gathered).encode("utf-8", errors="replace")
            gathered, size = [], 0
    if gathered:
        yield "".join(gathered).encode("utf-8", errors="replace")


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

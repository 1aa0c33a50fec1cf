"""What holds memory, and several of it together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol


class Holding(Protocol):
    """An account of memory, or several together."""

    def held(self) -> dict[str, int]:
        """Give it in bytes, by what it is held for."""


class HeldTogether:
    """Several accounts as one."""

    def __init__(self, accounts: Sequence[Holding]) -> None:
        self._accounts = accounts

    def held(self) -> dict[str, int]:
        """Give it in bytes, by what it is held for."""
        return held_together(self._accounts)


def held_together(accounts: Iterable[Holding]) -> dict[str, int]:
    """Give what some policies or inputs hold, by what it is held for; what is 0 is left out."""
    together: dict[str, int] = {}
    for account in accounts:
        for name, held in account.held().items():
            together[name] = together.get(name, 0) + held
    return {name: held for name, held in together.items() if held}

"""Who changes the agent: known to the thread that does it for somebody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ACTOR: ContextVar[str | None] = ContextVar("_ACTOR", default=None)


@contextmanager
def acting_for(name: str | None) -> Iterator[None]:
    """Do something for whoever has a token, or is a proxy's user, of this name; None where nobody was asked for one."""
    before = _ACTOR.set(name)
    try:
        yield
    finally:
        _ACTOR.reset(before)


def actor() -> str | None:
    """Give for whom this thread acts; None where nobody knows."""
    return _ACTOR.get()

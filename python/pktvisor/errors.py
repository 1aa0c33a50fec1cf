"""The errors that people see: one family, one sentence each.

PktvisorError
├── ConfigError       an option, an expression, a policy or a file's content makes no sense
│   ├── ConflictError ... it names something that there is already
│   └── NoMatchError  ... it is well formed, and selects nothing
├── InputError        a file, an interface or a socket can't be opened or read
│   └── RightsError   ... for want of rights
├── MissingLibraryError   a library that is no part of a plain installation is not installed
└── NotFoundError     something asked for by name or number is not there
    └── PeriodError   ... a bucket or window that does not exist (yet)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pktvisor.metrics.snapshot import HandlerSnapshot


class PktvisorError(Exception):
    """Base of all errors meant for people; `str()` gives the sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        """Give the sentence."""
        return self.message


class ConfigError(PktvisorError):
    """An option, an expression, a policy or a file's content makes no sense."""

    def __init__(self, message: str, *, hint: str = "", key: str = "", path: str = "", place: str = "") -> None:
        super().__init__(message)
        self.hint = hint.removeprefix("; ")
        """What stands there and what would do. Apart from the message, whose words clients of the C++ pktvisor know."""
        self.lead = ""
        """What the C++ pktvisor says before the message, and clients know: the message of a response begins with it."""
        self.key = key
        """The setting that it is about, for those who know where that was said; the message names it."""
        self.is_rooted = False
        """The path is whole: `within` adds nothing to it."""
        self.path = path
        """Place in the configuration, as `policies.edge.handlers.modules.dns.type`; empty where there is none."""
        self.place = place
        """Place in the text, as `edge.yaml:12:15`; empty where there is no text, or it was not looked up yet."""

    def __str__(self) -> str:
        """Give the places, as far as they are known, what is wrong there, and what would do."""
        sentence = "; ".join(part for part in (self.message, self.hint) if part)
        return ": ".join(part for part in (self.place, self.path, sentence) if part)


class ConflictError(ConfigError):
    """What is to be made is there already."""


class NoMatchError(ConfigError):
    """A selection is well formed, and nothing meets it."""


class MissingLibraryError(PktvisorError):
    """A library that is no part of a plain installation is not installed."""


class InputError(PktvisorError):
    """A file, an interface or a socket can't be opened or read."""


class RightsError(InputError):
    """The operating system refuses for want of rights."""


class NotFoundError(PktvisorError):
    """Something asked for by name or number is not there."""


class PeriodError(NotFoundError):
    """A bucket or window that does not exist, or not yet."""

    def __init__(self, message: str, *, is_early: bool) -> None:
        super().__init__(message)
        self.is_early = is_early
        """True where waiting would help."""
        self.instance: str | None = None
        """The handler that has no such period."""
        self.reached: tuple[HandlerSnapshot, ...] = ()
        """What handlers before it have of that period."""


def failed_to_start(policy: str) -> str:
    """Give the words that begin what is wrong with a policy whose text could be read."""
    return f"policy [{policy}] failed to start: "


@contextmanager
def led_by(lead: str) -> Iterator[None]:
    """Give every `ConfigError` raised inside the words that clients know before its message."""
    try:
        yield
    except ConfigError as error:
        error.lead = error.lead or lead
        raise


@contextmanager
def within(place: str) -> Iterator[None]:
    """Put a place in the configuration before that of every `ConfigError` raised inside."""
    try:
        yield
    except ConfigError as error:
        if not error.is_rooted:
            error.path = f"{place}.{error.path}" if error.path else place
        raise

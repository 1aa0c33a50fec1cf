"""The errors that people see: one family, one sentence each.

PktvisorError
├── ConfigError       an option, an expression, a policy or a file's content makes no sense
├── InputError        a file, an interface or a socket can't be opened or read
│   └── RightsError   ... for want of rights
└── NotFoundError     something asked for by name or number is not there
    └── PeriodError   ... a bucket or window that does not exist (yet)
"""

from __future__ import annotations


class PktvisorError(Exception):
    """Base of all errors meant for people; `str()` gives the sentence."""


class ConfigError(PktvisorError):
    """An option, an expression, a policy or a file's content makes no sense."""


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

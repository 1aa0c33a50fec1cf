"""What can go wrong between a client and an agent: one class per thing that one would do about it.

ApiFault
├── Unreachable      nobody answers there, or not in time
├── TlsFault         the two don't agree on TLS, or the certificate is not trusted
├── AccessFault      a token is needed, or this one may not
├── MissingFault     the policy, the tap or the route is not there
├── PeriodFault      the bucket or window is not there, or not yet
├── BusyFault        the agent asks to come back later
├── ServerFault      the agent failed at answering
└── DocumentFault    the answer is not what an agent says
"""

from __future__ import annotations

from pktvisor.errors import PktvisorError


class ApiFault(PktvisorError):
    """Base of them; `str()` gives the sentence."""


class Unreachable(ApiFault):
    """Nobody answers there, or not in time."""


class TlsFault(ApiFault):
    """The two don't agree on TLS, or the certificate is not trusted."""


class AccessFault(ApiFault):
    """A token is needed, or this one may not (401, 403)."""


class MissingFault(ApiFault):
    """The policy, the tap or the route is not there (404)."""


class PeriodFault(ApiFault):
    """The bucket or window is not there, or not yet (425; 500 on the routes without a policy)."""

    def __init__(self, message: str, *, least: int, most: int, is_early: bool) -> None:
        super().__init__(message)
        self.least = least
        """Smallest number that would do."""
        self.most = most
        """Largest number that would do; below `least` where none does."""
        self.is_early = is_early
        """True where waiting would help."""


class BusyFault(ApiFault):
    """The agent asks to come back later (429, 503)."""

    def __init__(self, message: str, *, retry_after_s: float | None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        """Seconds that it asked to wait, if it said so."""


class ServerFault(ApiFault):
    """The agent failed at answering (any other status)."""


class DocumentFault(ApiFault):
    """The answer is not what an agent says: no JSON, or JSON of another shape."""

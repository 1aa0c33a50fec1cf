"""What exists for single metrics of the C++ agent, so that they count and show what they do there.

Each of these serves one metric or handler, which it names. Nothing new should need them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class Parameter:
    """A number that a handler's settings give: `Parameter("ttl_us")` stands for it in a declaration.

    For `dhcp_top_clients`: an address counts only where it was given within `xact_ttl_ms`, though there is no exchange
    that ends then.
    """

    def __init__(self, name: str) -> None:
        self.json = f"${name}"


@dataclass(frozen=True)
class Purged:
    """Exchanges that a window's end found unanswered, by the flags of their questions.

    For `dns_xact_counts_timed_out` and `dns_timeout_queries`: they count when a window ends, where no row tells.
    """

    mask: int = 0
    value: int = 0


@dataclass(frozen=True)
class PurgedItem:
    """What an unanswered question is in a top list: parts of what is kept of it, by number, and perhaps a word."""

    parts: tuple[int, ...]
    word: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PeerMetric:
    """What a metric may say for the C++ agent's sake."""

    groups: tuple[str, ...] = ()
    """Switches that must all be on; none for a metric that is always there."""
    print_groups: tuple[str, ...] | None = None
    """Switches that decide whether it is shown, where they are not those that decide whether it is counted.

    For `dns_ecs_xacts`: it is shown, as 0, where the metric group that feeds it is off.
    """

    @property
    def groups_to_show(self) -> tuple[str, ...]:
        """Switches that decide whether it is shown."""
        return self.groups if self.print_groups is None else self.print_groups


class PeerHandler:
    """What a handler may say for the C++ agent's sake."""

    peer_name: ClassVar[str] = ""
    """What its error texts call it, where its type does not say that. For netprobe: NetProbe."""
    fixed_top: ClassVar[bool] = False
    """Top lists always show ten, whatever the settings say. For `dhcp_top_clients` and `dhcp_top_servers`."""

    def purged_of(self, number: int) -> Purged:
        """Unanswered questions of a value of its closed breakdown, by the value's number.

        For `dns_timeout_queries`: a question of which no answer came has its direction in its flags only.
        """
        raise NotImplementedError(f"{type(self).__name__} counts no unanswered questions by value")

    def witness(self) -> str | None:
        """Name of the hidden counter that must not be 0 for a value of a closed breakdown to be shown; None where all
        always are.

        For version 2.0 of net and dns: a direction of which nothing was seen has no key in JSON.
        """
        return None

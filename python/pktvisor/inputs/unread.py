"""What of a capture file could not be read, in sentences for the one who wanted it read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pktvisor import _core
    from pktvisor.inputs.filters import CaptureFilter

NO_REASONS = ("evicted.", "time.")
"""Entries of a ledger that count other things than packets."""

MOST_UNREAD_SHARE = 0.1
"""Of the packets that passed the filter: where more could not be read, it is told without being asked for."""


def notes_of(report: _core.FileReport, wanted: CaptureFilter | None) -> list[str]:
    """Tell what makes a capture look emptier than it is: unread packets, link types that a filter does not fit."""
    unread = unread_packets(report.ledger(), report.unread_links)
    return [*([unread] if unread else []), *(wanted.notes() if wanted else [])]


def unread_packets(ledger: Mapping[str, int], unread_links: Sequence[int]) -> str | None:
    """Say how many packets could not be read, and why, the most frequent reason first; None where they are few."""
    packets = ledger["seen"] - ledger["filtered"]
    unread = ledger["malformed"]
    if unread <= packets * MOST_UNREAD_SHARE:
        return None
    reasons = sorted(_reasons(ledger, unread_links), key=lambda reason: -reason[0])
    return f"{unread} of {packets} packets could not be read: {', '.join(f'{count} {why}' for count, why in reasons)}"


def _reasons(ledger: Mapping[str, int], unread_links: Sequence[int]) -> Iterator[tuple[int, str]]:
    from pktvisor.inputs.filters import describe_link_type  # start-up time matters

    links = ", ".join(describe_link_type(link_type) for link_type in unread_links)
    words = {"link.unknown": f"of a kind of link that is not read ({links})", "link.encrypted": "encrypted below IP"}
    for name, count in ledger.items():
        is_reason = "." in name and not name.startswith(NO_REASONS)
        if is_reason and count:
            yield count, words.get(name, f"malformed ({name})")

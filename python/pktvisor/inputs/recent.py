"""What just passed a live input, as a capture file."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from pktvisor import _core, clock
from pktvisor.inputs.faults import translated
from pktvisor.inputs.filters import capture_filter


@runtime_checkable
class KeepsPackets(Protocol):
    """An input that may keep the newest packets."""

    def recent_packets(self, *, filter_expression: str, seconds: int | None, most_bytes: int) -> bytes:
        """Give the newest packets that it keeps as a capture file; see `agent.running.RunningInput`."""
        ...


def recent_packets(
    capture: _core.LiveInput,
    *others: _core.LiveInput,
    seconds: int | None,
    most_bytes: int,
    filter_expression: str = "",
) -> bytes:
    """The packets of the last seconds (None: all that are kept), as a pcapng file of at most so many bytes; those of
    other captures, too.

    `filter_expression` is in tcpdump's language; where not all packets that pass it fit, the oldest are left out.
    ConfigError where it makes no sense, or where the input was started without lookback.
    """
    wanted = capture_filter(filter_expression)
    with translated():
        return capture.recent_packets(
            seconds=seconds, compile_filter=wanted, most_bytes=most_bytes, now_ns=clock.now_ns(), others=others
        )

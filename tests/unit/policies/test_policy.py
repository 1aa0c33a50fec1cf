from __future__ import annotations

from typing import Any

from pktvisor.handlers import handler
from pktvisor.handlers.base import Settings
from pktvisor.metrics.snapshot import HandlerSnapshot, QuantileValues
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.captures import FOLDER

START_TS = 1_795_476_569
"""Of the capture."""


class StillOpen:
    """A window of the core that was read before its input ended."""

    is_closed = False

    def __init__(self, window: Any) -> None:
        self._window = window

    def __getattr__(self, name: str) -> Any:
        return getattr(self._window, name)


class StillReading:
    """A policy of the core whose input has not ended."""

    def __init__(self, core: Any) -> None:
        self._core = core

    def available(self) -> int:
        return int(self._core.available())

    def read(self, first: int, last: int) -> StillOpen:
        return StillOpen(self._core.read(first, last))


def has_live_rates(snapshot: HandlerSnapshot) -> bool:
    rates = [sample.value for sample in snapshot.samples if isinstance(sample.value, QuantileValues)]
    return any(rate.live is not None for rate in rates)


def test_a_recorded_stream_has_no_live_rates_and_its_window_is_as_long_as_its_packets() -> None:
    settings = {"live": Settings(), "recorded": Settings(options={"recorded_stream": False})}
    policy = Policy("test", [Instance(name, handler("net")(one)) for name, one in settings.items()])
    run_file(str(FOLDER / "dns_resolver.pcap"), policy)
    policy.core = StillReading(policy.core)  # type: ignore[assignment]
    live, recorded = policy.bucket(0, (START_TS + 40) * 10**9)
    assert (live.length, live.is_closed, has_live_rates(live)) == (40, False, True)
    assert (recorded.length, recorded.is_closed, has_live_rates(recorded)) == (3, True, False)

"""What a stream tells of its input."""

from __future__ import annotations

import pytest

from pktvisor.agent.stream import Stream
from pktvisor.errors import NotFoundError
from pktvisor.inputs.base import Defaults
from support.inputs import TestInput


@pytest.mark.parametrize(
    ("ledger", "share"),
    [
        ({"seen": 20, "decoded": 7, "malformed": 1, "filtered": 12, "direction_unknown": 2}, 0.25),
        ({"seen": 3, "decoded": 3, "malformed": 0, "direction_unknown": 1}, 0.3333),
        ({"seen": 5, "decoded": 0, "malformed": 0, "filtered": 5, "direction_unknown": 0}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_share_of_packets_without_a_direction(
    monkeypatch: pytest.MonkeyPatch, ledger: dict[str, int], share: float
) -> None:
    monkeypatch.setattr(TestInput, "ledger", lambda _: ledger)
    described = Stream("eth-1", "eth", TestInput({"iface": "eth0"}, Defaults())).describe()
    assert described["direction_unknown_share"] == share
    assert described["ledger"] == ledger


def test_an_input_at_work_follows_what_changes_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[float] = []
    monkeypatch.setattr(TestInput, "follow", lambda _, now_s: times.append(now_s))
    source = TestInput({"iface": "eth0"}, Defaults())
    stream = Stream("eth-1", "eth", source)
    stream.feed([])
    stream.resume(5.0)
    source.break_down("gone")
    stream.resume(6.0)
    assert times == [5.0]


def test_an_input_that_keeps_no_packets_says_so() -> None:
    stream = Stream("eth-1", "eth", TestInput({"iface": "eth0"}, Defaults()))
    with pytest.raises(NotFoundError, match=r"inputs of type .* keep no packets"):
        stream.recent_packets(filter_expression="", seconds=None, most_bytes=1 << 20)

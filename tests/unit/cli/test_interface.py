"""An interface as a source, with packets that are made up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pktvisor.api.faults import MissingFault, PeriodFault, Unreachable
from pktvisor.cli import ui
from pktvisor.cli.interface import WatchedInterface, is_interface, watch_interface
from pktvisor.config.command_options import SummaryOptions
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.pcap import PcapInput
from pktvisor.policies.pairs import pairs_policy
from pktvisor.policies.policy import Policy
from pktvisor.policies.readable import readable_instances
from pktvisor.tui.figures import packet_figures
from pktvisor.tui.watched import Reading, Request
from pktvisor.tui.windows import DEFAULT, LAST, LIVE, WindowChoice
from support.serving import until


@pytest.fixture
def source() -> Iterator[WatchedInterface]:
    policy = Policy("live", readable_instances(policy="live"), periods=10)
    source = WatchedInterface("eth7", PcapInput({"pcap_source": "mock"}, Defaults()), policy, pairs_policy(periods=10))
    yield source
    source.close()


def packets(reading: Reading) -> float:
    figures = packet_figures(reading.metrics)
    return 0 if figures is None else figures.amount("total")


def test_made_up_traffic_needs_no_rights_and_fills_every_screen() -> None:
    source = watch_interface("mock", SummaryOptions())
    try:
        assert until(lambda: packets(source.read(Request(LIVE))) > 500)
        reading = source.read(Request(LIVE, extras=frozenset(["pairs"])))
        assert {handler.schema for handler in reading.metrics.handlers} == {"packets", "dns", "dhcp"}
        assert reading.pairs
    finally:
        source.close()


@pytest.mark.parametrize("window", [LIVE, DEFAULT])
def test_what_was_captured_is_shown_as_it_comes(source: WatchedInterface, window: WindowChoice) -> None:
    assert until(lambda: packets(source.read(Request(window))) > 0)
    reading = source.read(Request(window))
    assert (source.name, reading.is_live, reading.metrics.policy) == ("eth7", True, "live")
    (known,) = reading.inventory.inputs.values()
    assert known.is_running
    assert known.ledger["seen"] > 0


def test_names_and_clients_of_an_interface_are_there_where_they_are_asked_for(source: WatchedInterface) -> None:
    assert source.read(Request(LIVE)).pairs is None
    reading = source.read(Request(LIVE, extras=frozenset(["pairs"])))
    assert reading.keeps_pairs
    assert reading.pairs == (), "the packets that are made up have no DNS"


def test_a_period_that_has_not_closed_yet_will_come(source: WatchedInterface) -> None:
    with pytest.raises(PeriodFault) as raised:
        source.read(Request(LAST))
    assert raised.value.is_early


def test_there_is_one_policy(source: WatchedInterface) -> None:
    with pytest.raises(MissingFault, match="no policy"):
        source.read(Request(LIVE, "edge"))


def test_an_interface_that_goes_away_is_told(source: WatchedInterface, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PcapInput, "fault", "eth7 is gone")
    with pytest.raises(Unreachable, match="eth7 is gone"):
        source.read(Request(LIVE))


@pytest.mark.parametrize(
    ("target", "told"),
    [("lo", True), ("any", True), ("auto", True), ("192.0.2.1", True), ("::1", True), ("a.pcap", False), ("-", False)],
)
def test_what_is_an_interface(target: str, told: bool) -> None:
    assert is_interface(target) is told


def test_an_interface_is_watched_without_an_agent(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], make: Callable[[], WatchedInterface]
) -> None:
    monkeypatch.setattr("pktvisor.cli.interface.watch_interface", lambda *_: make())
    assert ui.main(["lo", "--once", "--interval", "0.2"]) == 0
    assert "Policy live" in capfd.readouterr().out.splitlines()[0]


@pytest.fixture
def make() -> Callable[[], WatchedInterface]:
    policy, pairs = Policy("live", readable_instances(policy="live"), periods=10), pairs_policy(periods=10)
    return lambda: WatchedInterface("lo", PcapInput({"pcap_source": "mock"}, Defaults()), policy, pairs)

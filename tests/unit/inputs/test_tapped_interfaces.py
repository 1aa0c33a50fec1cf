"""Several interfaces in one tap, with captures that the test ends and lets come back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pktvisor import _core
from pktvisor.errors import ConfigError, InputError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.net import Net
from pktvisor.inputs import tapped
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.interfaces import Interface
from pktvisor.inputs.pcap import PcapInput
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy


class FakeCapture:
    """A capture that counts what the test says."""

    def __init__(self, name: str, policies: Sequence[_core.Policy], **options: object) -> None:
        self.name = name
        self.options = options
        self.policies = list(policies)
        self.fault_text: str | None = None
        self.seen = 0
        self.notes: list[tuple[int, int]] = []
        self.memory = FakeAccount()

    def is_running(self) -> bool:
        return self.fault_text is None

    def fault(self) -> str | None:
        return self.fault_text

    def warning(self) -> str | None:
        return "rights were kept"

    def ledger(self) -> dict[str, int]:
        return {"seen": self.seen, "dropped_by_kernel": 1}

    def add(self, policy: _core.Policy, *, with_lookback: bool) -> None:
        assert with_lookback
        self.policies.append(policy)

    def remove(self, policy: _core.Policy) -> None:
        self.policies.remove(policy)

    def note_policies(self, policies: int, handlers: int) -> None:
        self.notes.append((policies, handlers))

    def stop(self) -> None:
        self.fault_text = "stopped"


class FakeAccount:
    def held(self) -> dict[str, int]:
        return {"lookback": 100}


class Machine:
    """The interfaces that there are, and the captures on them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        self.names = {name: name for name in names}
        self.opened: list[FakeCapture] = []
        monkeypatch.setattr(tapped, "find_interface", self.find)
        monkeypatch.setattr(_core, "LiveInput", self.open)

    def find(self, target: str) -> Interface:
        if target not in self.names:
            raise ConfigError(f"no interface {target}")
        name = self.names[target]
        return Interface(name, (f"192.0.2.{len(name)}/32",), tuple(self.names), {name: 1})

    def open(self, name: str, policies: Sequence[_core.Policy], **options: object) -> FakeCapture:
        self.opened.append(FakeCapture(name, policies, **options))
        return self.opened[-1]

    def at(self, name: str) -> FakeCapture:
        """The newest capture on an interface."""
        return next(capture for capture in reversed(self.opened) if capture.name == name)

    def remove(self, name: str) -> None:
        """Take an interface away."""
        del self.names[name]
        self.at(name).fault_text = f"the interface {name} was removed"


def policy() -> _core.Policy:
    return Policy("test", [Instance("net", Net(HandlerSettings()))]).core


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch, "eth0", "eth11")


@pytest.mark.parametrize("iface", ["eth0,eth11", "eth0, eth11", ["eth0", "eth11"]])
def test_each_interface_is_captured_on_by_itself(machine: Machine, iface: str | list[str]) -> None:
    source = PcapInput({"iface": iface, "lookback_mb": 10}, Defaults())
    source.start([policy()])
    assert [capture.name for capture in machine.opened] == ["eth0", "eth11"]
    assert {capture.options["lookback_bytes"] for capture in machine.opened} == {5 << 20}, "they share the memory"
    assert len({capture.options["fanout_group"] for capture in machine.opened}) == 2
    assert machine.opened[0].options["hosts"] != machine.opened[1].options["hosts"], "each has its own"
    assert source.describe()["host_ips"] == {"ipv4": ["192.0.2.4/32", "192.0.2.5/32"]}


def test_what_they_saw_adds_up_and_is_told_of_each(machine: Machine) -> None:
    source = PcapInput({"iface": "eth0,eth11"}, Defaults())
    source.start([])
    machine.at("eth0").seen, machine.at("eth11").seen = 3, 4
    assert source.ledger() == {"seen": 7, "dropped_by_kernel": 2}
    assert source.describe()["interfaces"] == {
        "eth0": {"running": True, "ledger": {"seen": 3, "dropped_by_kernel": 1}},
        "eth11": {"running": True, "ledger": {"seen": 4, "dropped_by_kernel": 1}},
    }
    assert source.memory is not None
    assert source.memory.held() == {"lookback": 200}
    assert source.warnings == ["rights were kept"]


def test_one_interface_is_described_as_ever(machine: Machine) -> None:
    source = PcapInput({"iface": "eth0"}, Defaults())
    source.start([])
    assert source.describe().keys() == {"available_iface", "host_ips", "pcap_source"}


def test_policies_come_to_all_and_leave_all(machine: Machine) -> None:
    source = PcapInput({"iface": "eth0,eth11"}, Defaults())
    first, second = policy(), policy()
    source.start([first])
    source.attach(second)
    source.detach(first)
    assert [capture.policies for capture in machine.opened] == [[second], [second]]
    source.note_policies(1, 2)
    assert [capture.notes for capture in machine.opened] == [[(1, 2)], []], "what the process takes is told once"


def test_one_that_goes_away_is_missed_while_the_others_go_on_and_taken_back(machine: Machine) -> None:
    source = PcapInput({"iface": "eth0,eth11"}, Defaults())
    kept = policy()
    source.start([kept])
    machine.at("eth11").seen = 4
    machine.remove("eth11")
    assert source.is_running
    assert "the interface eth11 was removed; the tap goes on without it and looks for it again" in source.warnings
    for now_s in (100, 100.5, 101, 104):
        source.follow(now_s)
    assert len(machine.opened) == 2, "there is nothing to open"
    machine.names["eth11"] = "eth11"
    source.follow(200)
    assert [capture.name for capture in machine.opened] == ["eth0", "eth11", "eth11"]
    assert machine.at("eth11").policies == [kept]
    machine.at("eth11").seen = 5
    assert source.ledger()["seen"] == 9, "what it saw before counts"
    assert source.warnings == ["rights were kept"]


def test_attempts_become_rarer(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    source = PcapInput({"iface": "eth0,eth11"}, Defaults())
    source.start([])
    machine.at("eth11").fault_text = "the interface eth11 went"
    looked: list[str] = []
    find = machine.find

    def refuse(target: str) -> Interface:
        looked.append(target)
        if target == "eth11":
            raise ConfigError("not there")
        return find(target)

    monkeypatch.setattr(tapped, "find_interface", refuse)
    for second in range(64):
        source.follow(100.0 + second)
    assert looked.count("eth11") == 7, "at 0, 1, 3, 7, 15, 31 and 63 seconds"


def test_it_ends_where_all_have_gone_and_comes_back_with_any(machine: Machine) -> None:
    source = PcapInput({"iface": "eth0,eth11"}, Defaults())
    source.start([])
    machine.remove("eth0")
    machine.remove("eth11")
    assert source.fault == "the interface eth0 was removed"
    running = [source.is_running]
    with pytest.raises(ConfigError, match="no interface eth0"):
        source.start([])
    machine.names["eth11"] = "eth11"
    source.start([])
    assert [*running, source.is_running] == [False, True]
    assert source.fault is not None, "eth0 is still missed"


def test_at_first_all_must_be_there(machine: Machine) -> None:
    source = PcapInput({"iface": "eth0,eth7"}, Defaults())
    with pytest.raises(ConfigError, match="Cannot open interface for packet capture: no interface eth7"):
        source.start([])
    assert not any(capture.is_running() for capture in machine.opened)


def test_one_that_is_refused_leaves_none_at_work(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_first(name: str, policies: Sequence[_core.Policy], **options: object) -> FakeCapture:
        if name == "eth11":
            raise InputError("no right to")
        return machine.open(name, policies, **options)

    monkeypatch.setattr(_core, "LiveInput", open_first)
    source = PcapInput({"iface": "eth0,eth11"}, Defaults())
    with pytest.raises(InputError, match="no right to"):
        source.start([])
    assert not source.is_running


def test_two_words_for_one_interface_are_told(machine: Machine) -> None:
    machine.names["192.0.2.4"] = "eth0"
    source = PcapInput({"iface": "eth0,192.0.2.4"}, Defaults())
    with pytest.raises(ConfigError, match=r"iface: 'eth0' and '192\.0\.2\.4' are the same interface, eth0"):
        source.start([])

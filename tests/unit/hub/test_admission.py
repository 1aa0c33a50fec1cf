"""What is acknowledged is on disk and counts once, whatever happens between."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pktvisor.errors import InputError
from pktvisor.hub.admission import BusyError, Receipt, RefusedDelivery, WrongSenderError
from pktvisor.hub.hub import Hub
from pktvisor.hub.minutes import Cell
from pktvisor.hub.presence import state_of
from pktvisor.hub.seen import WindowKey
from pktvisor.outputs.hub_body import Identity
from pktvisor.windows.tables import record_table
from support.fleet import CAPTURES, Fleet
from support.hubs import Clock, killed

START_S = 1_790_000_400 // 3600 * 3600
NANOSECONDS = 1_000_000_000
ALL = Cell("default")
FLEET = Fleet([CAPTURES / "dns_resolver.pcap", CAPTURES / "dns_tcp.pcap"], START_S)


@pytest.fixture
def clock() -> Clock:
    return Clock(START_S)


def take(hub: Hub, number: int, minute: int) -> Receipt:
    return hub.admission.take(FLEET.body(number, minute), hub.now_ns())


def total(hub: Hub, minute: int = 0, cell: Cell = ALL, path: str = "wire_packets.total") -> int:
    """A count of DNS messages in a minute."""
    merged = hub.minutes.read(cell, START_S // 60 + minute)
    if merged is None:
        return 0
    columns = [merged.table.column(name) for name in ("schema", "path", "value")]
    return sum(value for schema, its_path, value in zip(*columns, strict=True) if (schema, its_path) == ("dns", path))


def sent(number: int) -> int:
    """The same of what an agent sends of a minute."""
    records = FLEET.records(number)
    return sum(one.value or 0 for one in records if (one.schema, one.path) == ("dns", "wire_packets.total"))


def test_windows_of_agents_add_up(hub: Hub) -> None:
    assert take(hub, 0, 0) == Receipt(stored=2)
    assert take(hub, 1, 0) == Receipt(stored=2)
    assert total(hub) == sent(0) + sent(1) > sent(0)
    assert total(hub, cell=Cell("default", "site", "fra")) == sent(1)


def test_what_is_sent_twice_counts_once(hub: Hub) -> None:
    take(hub, 0, 0)
    assert take(hub, 0, 0) == Receipt(duplicate=2)
    assert total(hub) == sent(0)
    (agent,) = hub.registry.agents()
    assert (agent.windows, agent.duplicates) == (2, 2)


def test_the_same_numbers_of_another_process_are_other_windows(hub: Hub) -> None:
    take(hub, 0, 0)
    assert hub.admission.take(FLEET.body(0, 0, boot="after a restart"), hub.now_ns()) == Receipt(stored=2)
    (agent,) = hub.registry.agents()
    assert agent.restarts == 1


def test_one_long_window_does_not_hide_for_good_that_an_agent_is_silent(hub: Hub, clock: Clock) -> None:
    day: dict[str, Any] = {
        "length_s": 86_400,
        "start_ns": (START_S - 86_400) * NANOSECONDS,
        "end_ns": START_S * NANOSECONDS,
    }
    long = [replace(one, **day, agent=FLEET.name(0), number=0, is_closed=True) for one in FLEET.records(0)]
    identity = Identity(FLEET.name(0), "an earlier boot", "5.0.0", ())
    hub.admission.take(record_table(long, identity.metadata()).pack(), hub.now_ns())
    take(hub, 0, 0)
    (agent,) = hub.registry.agents()
    assert state_of(agent, agent.last_seen_ns + 600 * NANOSECONDS) == "stale"


def test_a_hub_that_is_killed_goes_on_where_it_was(hub: Hub) -> None:
    for number in range(3):
        take(hub, number, 0)
    before = total(hub)
    after = killed(hub)
    assert total(after) == before
    assert take(after, 1, 0) == Receipt(duplicate=2)
    assert [agent.name for agent in after.registry.agents()] == [FLEET.name(number) for number in range(3)]
    after.stop()


def test_what_the_registry_knows_already_counts_once_after_a_kill(hub: Hub) -> None:
    take(hub, 0, 0)
    hub.flush()
    take(hub, 1, 0)
    after = killed(hub)
    windows = {agent.name: agent.windows for agent in after.registry.agents()}
    assert windows == {FLEET.name(0): 2, FLEET.name(1): 2}
    assert total(after) == sent(0) + sent(1)
    after.stop()


def test_what_the_registry_fails_to_write_is_written_the_next_time(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OverflowError("Python int too large to convert to SQLite INTEGER")

    take(hub, 0, 0)
    with monkeypatch.context() as patch:
        patch.setattr(hub.registry, "_write", fails)
        hub.tick(1e6)
    hub.flush()
    after = killed(hub)
    assert [agent.windows for agent in after.registry.agents()] == [2]
    assert take(after, 0, 0) == Receipt(duplicate=2)
    after.stop()


def test_what_the_disk_does_not_take_is_not_there_and_may_come_again(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(InputError, match="No space left on device"):
            take(hub, 0, 0)
    assert total(hub) == 0
    assert take(hub, 0, 0) == Receipt(stored=2)


def test_a_delivery_that_came_to_disk_unacknowledged_and_again_counts_once(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(InputError, match="Input/output error"):
            take(hub, 0, 0)
    assert take(hub, 0, 0) == Receipt(stored=2)
    after = killed(hub)
    assert total(after) == sent(0), "both are in the journal"
    after.stop()


def test_what_is_in_the_journal_is_known_before_the_registry_is_flushed(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, inside = hub.registry.seen.release, []

    def watched(windows: Sequence[WindowKey], *, are_known: bool) -> None:
        inside.append(hub.admission.gate._inside)
        release(windows, are_known=are_known)

    monkeypatch.setattr(hub.registry.seen, "release", watched)
    take(hub, 0, 0)
    assert inside == [1]


def test_late_windows_count_in_minutes_that_are_closed(hub: Hub, clock: Clock) -> None:
    take(hub, 0, 0)
    clock.after_s = 600
    hub.tick(0.0)
    take(hub, 1, 0)
    merged = hub.minutes.read(Cell("default"), START_S // 60)
    assert merged is not None
    assert merged.is_closed
    assert total(hub) == sent(0) + sent(1)


@pytest.mark.parametrize(
    ("minute", "reason"),
    [(120, "the clock of agent00000 is more than an hour ahead"), (-60 * 24 * 31, "older than what the hub keeps")],
)
def test_times_that_cant_be_are_refused_and_told(hub: Hub, minute: int, reason: str) -> None:
    take(hub, 0, 0)
    fleet = Fleet(FLEET.captures, START_S + minute * 60)
    with pytest.raises(RefusedDelivery, match=reason):
        hub.admission.take(fleet.body(0, 5, boot="later"), hub.now_ns())
    (agent,) = hub.registry.agents()
    assert reason in agent.refusal
    assert agent.refused == 1


def test_a_token_lets_its_agent_send_and_no_other(hub: Hub) -> None:
    with pytest.raises(WrongSenderError, match="this token is for the agent other, not for agent00000"):
        hub.admission.take(FLEET.body(0, 0), hub.now_ns(), only_agent="other")
    assert hub.admission.take(FLEET.body(0, 0), hub.now_ns(), only_agent="agent00000") == Receipt(stored=2)


@pytest.mark.parametrize("body", [b"", b"no records", FLEET.body(0, 0)[:-10], b"\x28\xb5\x2f\xfd" + bytes(100)])
def test_what_is_no_delivery_is_refused_by_a_sentence(hub: Hub, body: bytes) -> None:
    with pytest.raises(RefusedDelivery) as refused:
        hub.admission.take(body, hub.now_ns())
    assert str(refused.value)
    assert "\n" not in str(refused.value)
    assert hub.admission.counters.deliveries_refused == 1


def test_the_same_delivery_twice_at_the_same_time_is_taken_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    append = hub.journal.append

    def while_another_comes(body: bytes, received_ns: int, taken: int) -> object:
        with pytest.raises(BusyError):
            take(hub, 0, 0)
        return append(body, received_ns, taken)

    monkeypatch.setattr(hub.journal, "append", while_another_comes)
    assert take(hub, 0, 0) == Receipt(stored=2)
    assert total(hub) == sent(0)


def test_a_second_hub_stays_out_of_the_directory(hub: Hub) -> None:
    with pytest.raises(InputError, match="another hub is at work in"):
        Hub(hub.settings, now_ns=hub.now_ns)

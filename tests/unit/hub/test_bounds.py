"""Whatever agents think of to send, a hub holds no more than it says, and counts what it leaves out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from pktvisor import _core
from pktvisor.hub import delivery as deliveries
from pktvisor.hub import minutes as minutes_module
from pktvisor.hub import registry as registry_module
from pktvisor.hub import seen as seen_module
from pktvisor.hub.admission import BusyError, RefusedDelivery
from pktvisor.hub.history import Question, answer
from pktvisor.hub.hub import Hub
from pktvisor.outputs.hub_body import Identity
from pktvisor.windows.record import Record
from pktvisor.windows.tables import record_table
from support.hubs import Clock
from support.records import count

NANOSECONDS = 1_000_000_000
START_S = 1_790_000_400 // 3600 * 3600
DAY_S = 86400
NO_TAGS: Mapping[str, str] = {}


@pytest.fixture
def clock() -> Clock:
    return Clock(START_S)


def send(hub: Hub, records: list[Record], agent: str = "a", number: int = 0, tags: Mapping[str, str] = NO_TAGS) -> None:
    """Let an agent send records as those of a minute."""
    start_ns = (START_S + number * 60) * NANOSECONDS
    window: dict[str, Any] = {"start_ns": start_ns, "end_ns": start_ns + 60 * NANOSECONDS, "length_s": 60}
    sent = [replace(one, agent=agent, number=number, **window) for one in records]
    identity = Identity(agent, f"boot of {agent}", "5.0.0", tuple(tags.items()))
    hub.admission.take(record_table(sent, identity.metadata()).write(), hub.now_ns())


def series(hub: Hub, question: Question) -> Any:
    """The points of a question about all agents."""
    answered: Any = answer(question, hub.stored, hub.minutes)
    return answered["series"][""]


def metric(number: int = 0, **fields: Any) -> Record:
    return count(1, policy="default", tap="eth0", instance="default-eth0-net", path=f"metric{number}", **fields)


def small(hub: Hub, monkeypatch: pytest.MonkeyPatch, **bounds: int) -> None:
    """Let the minutes of a hub hold little."""
    monkeypatch.setattr(hub.minutes, "_accumulators", _core.Accumulators(**bounds))


def test_metric_names_without_end_are_left_out_and_what_is_known_goes_on(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(hub, monkeypatch, most_metrics=10)
    for number in range(100):
        send(hub, [metric(), metric(number)], number=0, agent=f"agent{number}")
    assert hub.counters["merged_rows_left_out"] == 100 - 10
    question = Question("default", "packets.metric0", START_S, START_S + 60)
    assert series(hub, question) == [[START_S, 101]]


def test_labels_without_end_take_bounded_memory(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    small(hub, monkeypatch, most_bytes=200_000)
    held = []
    for number in range(40):
        send(hub, [metric(labels={"id": f"{number} {n}"}) for n in range(50)], agent=f"agent{number}")
        held.append(hub.minutes.held_bytes)
    assert max(held) < 300_000
    assert held[-1] == held[-2]
    assert hub.counters["merged_rows_left_out"] > 0


def test_ledger_names_without_end_are_counted(hub: Hub) -> None:
    for number in range(30):
        send(hub, [metric(ledger={f"drop {number} {n}": 1 for n in range(20)})], agent=f"agent{number}")
    assert hub.counters["merged_ledger_names_left_out"] == 600 - 256


def test_tags_without_end_count_without_them(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minutes_module, "MOST_CELLS", 20)
    for number in range(60):
        send(hub, [metric()], agent=f"agent{number}", tags={f"tag{number}": "x"})
    assert len(hub.minutes.cells(START_S // 60)) == 20
    assert hub.counters["tag_values_left_out"] == 60 - 19
    question = Question("default", "packets.metric0", START_S, START_S + 60)
    assert series(hub, question) == [[START_S, 60]]


def test_agents_without_end_wait_until_some_are_gone(hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "MOST_AGENTS", 3)
    for number in range(3):
        send(hub, [metric()], agent=f"agent{number}")
    with pytest.raises(BusyError, match="too many agents"):
        send(hub, [metric()], agent="one more")
    clock.after_s += 2 * DAY_S
    send(hub, [metric()], agent="agent1", number=1)
    send(hub, [metric()], agent="one more")
    assert [agent.name for agent in hub.registry.agents()] == ["agent1", "agent2", "one more"]
    assert hub.counters["agents_forgotten"] == 1


def test_names_and_tags_of_agents_have_a_bound_together(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "MOST_NAME_BYTES", 1000)
    taken = 0
    with contextlib.suppress(BusyError):
        for number in range(20):
            send(hub, [metric()], agent=f"agent{number}", tags={"site": "x" * 100})
            taken += 1
    assert 1 < taken == len(hub.registry.agents()) < 10


def test_handlers_of_an_agent_without_end_are_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_module, "MOST_SERIES", 5)
    for number in range(5):
        send(hub, [replace(metric(), instance=f"default-eth0-{number}")])
    with pytest.raises(RefusedDelivery, match="windows of more than"):
        send(hub, [replace(metric(), instance="default-eth0-more")])
    send(hub, [replace(metric(), instance="default-eth0-0")], number=1)
    (agent,) = hub.registry.agents()
    assert (agent.refused, agent.windows) == (1, 6)


def test_gaps_without_end_take_bounded_memory(hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_module, "MOST_RANGES_OF_AGENT", 20)
    clock.after_s = 60_000.0
    windows = [metric(), replace(metric(), instance="default-eth0-other")]
    for number in range(0, 400, 2):
        start = [replace(one, number=number) for one in windows]
        send(hub, start, number=number)
    assert hub.registry.seen._ranges <= 20 + seen_module.FEW_RANGES


def test_a_delivery_of_too_many_records_is_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "MOST_ROWS", 10)
    with pytest.raises(RefusedDelivery, match="11 records, more than 10"):
        send(hub, [metric(number) for number in range(11)])


def test_closed_minutes_that_take_too_much_are_set_aside_and_answer_once_sealed(
    hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        send(hub, [metric()], number=number)
    clock.after_s = 700.0
    monkeypatch.setattr(hub.minutes, "_most_closed_bytes", 10_000)
    hub.tick(0)
    set_aside = hub.counters["minutes_set_aside"]
    assert 0 < set_aside < 10
    question = Question("default", "packets.metric0", START_S, START_S + 3600, step_s=3600)
    assert series(hub, question) == [[START_S, 10 - set_aside]]
    hub.seal(START_S // 3600)
    assert series(hub, question) == [[START_S, 10]]

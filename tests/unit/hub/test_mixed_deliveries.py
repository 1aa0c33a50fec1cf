"""A delivery of several windows: what is taken of it, and what is told, where one of them is bad or known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pktvisor.config.hub_models import AgentSelector, HubConfig, HubPolicyConfig
from pktvisor.hub.admission import Receipt, RefusedDelivery
from pktvisor.hub.hub import Hub
from pktvisor.hub.minutes import Cell
from pktvisor.outputs.hub_body import Identity
from pktvisor.windows.record import Record
from pktvisor.windows.tables import record_table
from support.fleet import NANOSECONDS
from support.hubs import Clock, killed, running_hub
from support.records import count

START_S = 1_790_000_400 // 3600 * 3600
IDENTITY = Identity("pop1", "boot", "5.0.0")


@pytest.fixture
def clock() -> Clock:
    return Clock(START_S)


def window(policy: str, handler: str, **fields: Any) -> Record:
    begin = {"start_ns": START_S * NANOSECONDS, "end_ns": (START_S + 60) * NANOSECONDS}
    return count(1, **{"agent": "pop1", "policy": policy, "instance": f"{policy}-uplink-{handler}", **begin, **fields})


FOUR = [window(policy, handler) for policy in ("edge", "core") for handler in ("net", "flow")]


def take(hub: Hub, *windows: Record) -> Receipt:
    return hub.admission.take(record_table(windows, IDENTITY.metadata()).pack(), hub.now_ns())


def counted(hub: Hub) -> dict[str, int]:
    """The sums of the policies of the hub."""
    found = {policy: hub.minutes.read(Cell(policy), START_S // 60) for policy in hub.minutes.policies}
    return {policy: sum(one.table.column("value")) for policy, one in found.items() if one is not None}


def test_windows_of_several_policies_and_handlers_are_taken_together(hub: Hub) -> None:
    assert take(hub, *FOUR) == Receipt(stored=4)
    assert counted(hub) == {"edge": 2, "core": 2}


def test_those_that_are_known_are_told_from_those_that_are_new(hub: Hub) -> None:
    take(hub, FOUR[0], FOUR[2])
    assert take(hub, *FOUR) == Receipt(stored=2, duplicate=2)
    assert take(hub, *FOUR) == Receipt(duplicate=4)
    assert counted(hub) == {"edge": 2, "core": 2}


def test_one_whose_sketch_is_damaged_is_refused_and_the_others_count(hub: Hub) -> None:
    damaged = replace(window("edge", "flow"), image=b"none")
    assert take(hub, FOUR[0], damaged, *FOUR[2:]) == Receipt(stored=3, refused=1)
    assert take(hub, FOUR[0], damaged, *FOUR[2:]) == Receipt(duplicate=4), "it does not come again"
    assert counted(hub) == {"edge": 1, "core": 2}
    (agent,) = hub.registry.agents()
    assert (agent.refused, bool(agent.refusal)) == (1, True)
    assert hub.registry.seen.missing("pop1") == 0
    hub.flush()
    after = killed(hub)
    assert counted(after) == {"edge": 1, "core": 2}
    assert [one.refused for one in after.registry.agents()] == [1], "it was noted before"
    after.stop()


def test_one_that_no_policy_shows_is_looked_through_as_well(tmp_path: Path, clock: Clock) -> None:
    elsewhere = HubConfig(policies=(HubPolicyConfig("edge", "edge", AgentSelector({"site": ("fra",)})),))
    with running_hub(tmp_path / "hub", clock, elsewhere) as hub:
        assert take(hub, FOUR[0], replace(FOUR[1], image=b"none")) == Receipt(stored=1, refused=1)
        assert counted(hub) == {}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (window("edge", "flow", is_closed=False), "window 0 of 'edge-uplink-flow' is not closed"),
        (window("edge", "flow", agent="other"), "the records are those of 'other', not of 'pop1'"),
        (window("edge", "flow\n"), "of a policy or handler can't be used"),
        (window("edge", "flow", start_ns=(START_S + 8000) * NANOSECONDS), "more than an hour ahead of the hub's"),
        (window("edge", "flow", end_ns=(START_S + 8000) * NANOSECONDS), "more than an hour ahead of the hub's"),
        (window("edge", "flow", length_s=1 << 63), "of 'edge-uplink-flow' has the length 9223372036854775808"),
        (window("edge", "flow", number=1 << 63), "of 'edge-uplink-flow' has the number 9223372036854775808"),
        (window("edge", "flow", start_ns=0), "window 0 of edge-uplink-flow is older than what the hub keeps"),
        (FOUR[0], "window 0 of 'edge-uplink-net' comes twice, or its records don't stand together"),
    ],
)
def test_one_that_makes_no_sense_refuses_all_by_a_sentence_and_the_others_may_come_alone(
    hub: Hub, bad: Record, reason: str
) -> None:
    with pytest.raises(RefusedDelivery, match=reason):
        take(hub, FOUR[0], FOUR[2], bad)
    assert (counted(hub), hub.admission.counters.windows_stored) == ({}, 0)
    assert take(hub, FOUR[0], FOUR[2]) == Receipt(stored=2)

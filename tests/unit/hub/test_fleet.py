"""All agents at once: the state of each, its newest figures, and strips of the hours before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pktvisor.config.hub_models import AgentSelector, DesiredConfig, HubConfig
from pktvisor.hub.agent_steps import MOST_LEADERS, STEP_MINUTES
from pktvisor.hub.fleet import fleet
from pktvisor.hub.hub import Hub
from pktvisor.windows.record import Record
from support.fleet import CAPTURES, MINUTE_S, NANOSECONDS, Fleet
from support.hubs import Clock, killed, running_hub

START_S = 1_790_000_000 // 3600 * 3600
MINUTES = 30
EDGE = """
version: "1.0"
visor:
  policies:
    edge:
      kind: collection
      input: {tap: uplink, input_type: pcap}
      handlers: {modules: {dns: {type: dns}}}
"""


@pytest.fixture
def agents() -> Fleet:
    return Fleet([CAPTURES / "dns_resolver.pcap"], START_S)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(tmp_path, Clock(START_S, MINUTES * MINUTE_S + 120)) as made:
        yield made


def told(hub: Hub, hours: int = 1) -> dict[str, Any]:
    document: dict[str, Any] = fleet(hub, hours, hub.now_ns())
    return document


def send(hub: Hub, agents: Fleet, number: int, minutes: range, seen: list[Record] | None = None) -> None:
    for minute in minutes:
        records = agents.records(number) if seen is None else seen
        received_ns = (START_S + minute * MINUTE_S + 61) * NANOSECONDS
        hub.admission.take(agents.body_of(records, number, minute), received_ns)


def losing(records: list[Record], share: float) -> list[Record]:
    """The same, of an input that dropped a part of its packets."""
    seen = records[0].seen
    ledger = {"seen": seen, "decoded": round(seen * (1 - share)), "dropped_by_kernel": round(seen * share)}
    return [replace(one, ledger=ledger) for one in records]


def test_an_agent_that_sent_everything_is_live_and_without_gaps(hub: Hub, agents: Fleet) -> None:
    send(hub, agents, 0, range(MINUTES + 1))
    agent = told(hub)["agents"]["agent00000"]
    seen = agents.records(0)[0].seen
    assert agent["state"] == "live"
    assert agent["tags"] == {"site": "ams"}
    assert agent["packets_per_s"] == pytest.approx(seen / MINUTE_S, rel=0.001)
    assert agent["loss"] == 0
    assert set(agent["gaps"].strip()) == {"z"}


def test_the_steps_are_told_by_their_begin_and_length(hub: Hub, agents: Fleet) -> None:
    send(hub, agents, 0, range(MINUTES + 1))
    document = told(hub)
    strip = document["agents"]["agent00000"]["gaps"]
    first = document["start"] + strip.index("z") * document["step_s"]
    assert document["step_s"] == STEP_MINUTES * MINUTE_S
    assert first == START_S
    assert len(strip) == 12


@pytest.mark.parametrize(("hours", "points"), [(1, 12), (6, 36), (24, 48)])
def test_strips_of_a_longer_time_have_longer_steps(hub: Hub, agents: Fleet, hours: int, points: int) -> None:
    send(hub, agents, 0, range(MINUTES + 1))
    document = told(hub, hours)
    assert len(document["agents"]["agent00000"]["packets"]) == points
    assert document["step_s"] * points == hours * 3600


def test_a_gap_is_the_lowest_level_and_what_was_before_the_agent_is_blank(hub: Hub, agents: Fleet) -> None:
    send(hub, agents, 1, range(MINUTES + 1))
    send(hub, agents, 0, range(10, 15))
    send(hub, agents, 0, range(20, MINUTES + 1))
    strip = told(hub)["agents"]["agent00000"]["gaps"]
    assert strip.rstrip()[-4:] == "z0zz"
    assert strip.rstrip()[:-4].strip() == ""


def test_a_gap_in_what_came_late_is_a_gap(hub: Hub, agents: Fleet) -> None:
    """An agent that was cut off sends all that it kept at once: the hub hears of it only then."""
    for minute in (*range(5), *range(10, 26)):
        hub.admission.take(agents.body(0, minute), (START_S + 26 * MINUTE_S) * NANOSECONDS)
    assert told(hub)["agents"]["agent00000"]["gaps"].strip()[:5] == "z0zzz"


def test_a_step_of_which_a_minute_is_missing_is_not_whole(hub: Hub, agents: Fleet) -> None:
    send(hub, agents, 0, range(22))
    send(hub, agents, 0, range(23, MINUTES + 1))
    strip = told(hub)["agents"]["agent00000"]["gaps"].strip()
    assert [level for level in strip if level != "z"] == ["s"]  # four minutes of five: 28 of 35


def test_an_agent_that_loses_packets_says_how_many(hub: Hub, agents: Fleet) -> None:
    send(hub, agents, 0, range(MINUTES + 1), losing(agents.records(0), 0.25))
    agent = told(hub)["agents"]["agent00000"]
    assert agent["state"] == "losing"
    assert agent["loss"] == pytest.approx(0.25, abs=0.005)
    assert "z" not in agent["gaps"]


def test_a_tap_that_several_policies_look_at_counts_once(hub: Hub, agents: Fleet) -> None:
    """The capture is measured by two handlers, and again by another policy."""
    other = [replace(one, policy="later", instance=f"later-{one.instance}") for one in agents.records(0)]
    send(hub, agents, 0, range(MINUTES + 1))
    for minute in range(MINUTES + 1):
        hub.admission.take(agents.body_of(other, 0, minute), hub.now_ns())
    agent = told(hub)["agents"]["agent00000"]
    assert agent["packets_per_s"] == pytest.approx(agents.records(0)[0].seen / MINUTE_S, rel=0.001)


def test_taps_add_up(hub: Hub, agents: Fleet) -> None:
    for number in range(2):
        seen = [replace(one, tap=f"eth{number}", instance=f"{one.instance}{number}") for one in agents.records(0)]
        send(hub, agents, 0, range(MINUTES + 1), seen)
    agent = told(hub)["agents"]["agent00000"]
    assert agent["packets_per_s"] == pytest.approx(2 * agents.records(0)[0].seen / MINUTE_S, rel=0.001)


def test_dns_that_fails_is_a_share_of_the_answers(hub: Hub, agents: Fleet) -> None:
    send(hub, agents, 0, range(MINUTES + 1))
    values = {one.path: one.value or 0 for one in agents.records(0) if one.schema == "dns"}
    failed = values["wire_packets.srvfail"] + values["wire_packets.refused"]
    agent = told(hub)["agents"]["agent00000"]
    assert agent["failing"] == pytest.approx(failed / values["wire_packets.replies"], abs=0.0001)


def test_an_agent_that_is_silent_keeps_its_strip(hub: Hub, agents: Fleet) -> None:
    send(hub, agents, 0, range(20))
    agent = told(hub)["agents"]["agent00000"]
    assert agent["state"] == "stale"
    assert agent["gaps"].strip() == "zzzz00"
    assert agent["packets_per_s"] is None
    assert agent["loss"] is None


def test_an_agent_that_has_not_what_it_is_to_have_drifts(tmp_path: Path, agents: Fleet) -> None:
    config = HubConfig(desired=(DesiredConfig("edge", AgentSelector(), "edge.yaml", EDGE),))
    with running_hub(tmp_path, Clock(START_S, MINUTES * MINUTE_S + 120), config) as hub:
        send(hub, agents, 0, range(MINUTES + 1))
        agent = told(hub)["agents"]["agent00000"]
    assert (agent["state"], agent["rollout"], agent["desired"], agent["actual"]) == ("drift", "silent", 1, 0)


def test_strips_come_back_from_the_journal(hub: Hub, agents: Fleet) -> None:
    send(hub, agents, 0, range(MINUTES + 1))
    before = told(hub)
    hub.flush()
    again = killed(hub)
    assert told(again) == before
    again.stop()


def test_strips_come_back_from_sealed_hours(hub: Hub, agents: Fleet) -> None:
    """With losses, windows of several minutes and a second policy, as they were before the start."""
    other = [replace(one, policy="later", instance=f"later-{one.instance}") for one in agents.records(0)]
    send(hub, agents, 0, range(MINUTES - 3))
    send(hub, agents, 1, range(MINUTES - 3), losing(agents.records(1), 0.25))
    for minute in range(0, MINUTES - 3, 5):
        hub.admission.take(agents.body_of(agents.records(2), 2, minute, minutes=5), hub.now_ns())
        hub.admission.take(agents.body_of(other, 0, minute), hub.now_ns())
    before = told(hub)
    hub.seal(START_S // 3600)
    hub.flush()
    again = killed(hub)
    assert again.admission.steps.strip("agent00000", range(1), 1).minutes == [0]
    again.look_after_hours()
    assert again.admission.steps.strip("agent00000", range(START_S // 300, START_S // 300 + 5), 5).minutes == [25]
    assert told(again) == before
    again.stop()


def test_a_day_later_nothing_is_left_of_a_strip(hub: Hub, agents: Fleet) -> None:
    send(hub, agents, 0, range(MINUTES + 1))
    a_day_later = hub.now_ns() + 26 * 3600 * NANOSECONDS
    agent: Any = fleet(hub, 24, a_day_later)["agents"]
    assert set(agent["agent00000"]["gaps"]) == {"0"}
    assert agent["agent00000"]["state"] == "gone"


def test_of_very_many_taps_some_tell_nothing(hub: Hub, agents: Fleet) -> None:
    (record, *_) = agents.records(0)
    for number in range(MOST_LEADERS + 5):
        one = replace(record, tap=f"eth{number}", instance=f"{record.instance}{number}")
        send(hub, agents, 0, range(MINUTES - 2, MINUTES - 1), [one])
    agent = told(hub)["agents"]["agent00000"]
    assert agent["packets_per_s"] == pytest.approx(MOST_LEADERS * record.seen / MINUTE_S, rel=0.001)

"""How many agents saw an item: held against what a fleet did, and absent where that can't be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pktvisor.config.hub_models import HubConfig
from pktvisor.hub import own_windows
from pktvisor.hub.history import Question
from pktvisor.hub.hours import WINDOWS
from pktvisor.hub.hub import Hub
from pktvisor.hub.sets import heaviest
from support.hubs import FRANKFURT, Clock
from support.top_lists import START_S, TOP, frequent, send

HOUR_S = 3600
SITES = ("fra", "tyo")
AGENTS = 6
MINUTES = (0, 7, 61)
"""The first two are sealed where a test seals, the last one is in memory."""


@pytest.fixture
def clock() -> Clock:
    return Clock(START_S, 2 * HOUR_S)


@pytest.fixture
def config() -> HubConfig:
    return FRANKFURT


def seen(number: int, minute: int) -> dict[str, int]:
    """What an agent of the fleet sees: a name that all see, one of its own, and one that ever more agents see."""
    names = {"all.example": 100, f"own{number}.example": 50 + number}
    return names | ({"late.example": 30} if number * 10 < minute else {})


def send_all(hub: Hub, most_items: int = 0) -> dict[str, set[int]]:
    """Let the fleet send; give by name the agents that saw it."""
    truth: dict[str, set[int]] = {}
    for minute in MINUTES:
        for number in range(AGENTS):
            names = seen(number, minute)
            send(hub, f"a{number}", SITES[number % 2], minute, top_qname3=frequent(names, most_items))
            for name in names:
                truth.setdefault(name, set()).add(number)
    return truth


def ask(hub: Hub, *values: str, policy: str = "default", hours: int = 2) -> dict[str, Any]:
    tag = "site" if values else ""
    question = Question(policy, TOP, START_S, START_S + hours * HOUR_S, tag=tag, values=values, top=100)
    return heaviest(question, hub.stored, hub.minutes, hub.windows)


def told(found: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """By name the bounds of how many agents saw it."""
    return {one["name"]: (one["agents"]["at_least"], one["agents"]["at_most"]) for one in found["items"]}


def exact(truth: Mapping[str, set[int]], numbers: Sequence[int] = range(AGENTS)) -> dict[str, tuple[int, int]]:
    counts = {name: len(agents & {*numbers}) for name, agents in truth.items()}
    return {name: (count, count) for name, count in counts.items() if count}


def test_agents_are_counted_in_the_journal_and_in_sealed_hours_alike(hub: Hub) -> None:
    truth = send_all(hub)
    found = ask(hub)
    assert told(found) == exact(truth)
    assert found["agents"] == {"of": AGENTS, "read": {"files": 0, "bytes": 0, "deliveries": AGENTS * len(MINUTES)}}
    hub.seal(START_S // HOUR_S)
    found = ask(hub)
    assert told(found) == exact(truth)
    assert found["agents"]["of"] == AGENTS
    assert found["agents"]["read"]["files"] == 1
    assert found["agents"]["read"]["deliveries"] == AGENTS


def test_a_shorter_time_counts_what_was_seen_in_it(hub: Hub) -> None:
    send_all(hub)
    hub.seal(START_S // HOUR_S)
    assert told(ask(hub, hours=1))["late.example"] == (1, 1)
    assert told(ask(hub, hours=2))["late.example"] == (6, 6)


def test_agents_of_a_site_are_counted_alone(hub: Hub) -> None:
    truth = send_all(hub)
    of_frankfurt = exact(truth, range(0, AGENTS, 2))
    for _ in ("hot", "sealed"):
        assert told(ask(hub, "fra")) == of_frankfurt
        assert told(ask(hub, policy="fra")) == of_frankfurt
        assert ask(hub, "fra")["agents"]["of"] == AGENTS // 2
        hub.seal(START_S // HOUR_S)


def test_lists_that_were_cut_make_the_count_a_lower_bound(hub: Hub) -> None:
    truth = send_all(hub, 1)
    found = ask(hub)
    for name, (at_least, at_most) in told(found).items():
        assert at_least <= len(truth[name]) <= at_most, name
    assert told(found)["all.example"] == (AGENTS, AGENTS)


def test_an_agent_that_sends_again_is_one_agent(hub: Hub) -> None:
    for _ in range(2):
        send(hub, "a1", "fra", top_qname3=frequent({"a.example": 1}))
    send(hub, "a1", "fra", 1, top_qname3=frequent({"a.example": 1}))
    assert told(ask(hub)) == {"a.example": (1, 1)}


def test_without_the_agents_own_windows_it_is_not_known(hub: Hub) -> None:
    send_all(hub)
    hub.seal(START_S // HOUR_S)
    hub.hours.remove(WINDOWS, START_S // HOUR_S)
    found = ask(hub)
    assert "not all kept" in found["agents"]["reason"]
    assert found["agents"]["kept_from"] == START_S + HOUR_S
    assert found["items"]
    assert all("agents" not in one for one in found["items"])


def test_where_too_much_would_be_read_it_is_not_known(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    send_all(hub)
    monkeypatch.setattr(own_windows, "MOST_DELIVERIES", 17)
    assert "18 deliveries of this time are not sealed yet, more than 17" in ask(hub)["agents"]["reason"]
    hub.seal(START_S // HOUR_S)
    monkeypatch.setattr(own_windows, "MOST_READ_BYTES", 10)
    assert "ask for a shorter time" in ask(hub)["agents"]["reason"]


def test_an_hour_that_is_being_sealed_is_not_told_as_if_nobody_had_seen_anything(hub: Hub) -> None:
    send_all(hub)
    hub.admission.hours.pop(START_S // HOUR_S)
    assert "being sealed" in ask(hub)["agents"]["reason"]

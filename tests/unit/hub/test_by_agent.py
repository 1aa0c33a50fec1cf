"""History of single agents: what each sent, over minutes in memory and sealed hours alike, and within bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pktvisor.config.hub_models import HubConfig
from pktvisor.errors import ConfigError, NotFoundError
from pktvisor.hub import own_windows, sets
from pktvisor.hub.by_agent import answer_by_agent
from pktvisor.hub.history import Question
from pktvisor.hub.hours import DAY_S, HOUR_S, WINDOWS
from pktvisor.hub.hub import Hub
from pktvisor.hub.sets import heaviest_apart
from pktvisor.outputs.hub_body import Identity
from pktvisor.windows.record import Record
from pktvisor.windows.tables import record_table
from support.fleet import NANOSECONDS
from support.hubs import FRANKFURT, Clock
from support.records import count
from support.top_lists import TOP, frequent, send

MINUTE_S = 60
START_S = 1_790_000_400 // HOUR_S * HOUR_S
"""That of the top lists, too."""
METRIC = "packets.total"
SITES = {"a0": "fra", "a1": "tyo", "a2": "fra"}
MINUTES = (0, 3, 7, 61)
"""The last one is in memory where a test seals."""


@pytest.fixture
def clock() -> Clock:
    return Clock(START_S, 2 * HOUR_S)


@pytest.fixture
def config() -> HubConfig:
    return FRANKFURT


def window(agent: str, minute: int, value: int, tap: str = "default") -> Record:
    start_s = START_S + minute * MINUTE_S
    return count(
        value,
        agent=agent,
        policy="default",
        tap=tap,
        instance=f"default-{tap}-net",
        number=minute,
        start_ns=start_s * NANOSECONDS,
        end_ns=(start_s + MINUTE_S) * NANOSECONDS,
    )


def take(hub: Hub, agent: str, *records: Record) -> None:
    identity = Identity(agent, "boot", "5.0.0", (("site", SITES.get(agent, "osl")), ("agent", "blue")))
    hub.admission.take(record_table(records, identity.metadata()).pack(), hub.now_ns())


def value_of(agent: str, minute: int) -> int:
    return 100 * (int(agent[1:]) + 1) + minute


def send_all(hub: Hub) -> None:
    for minute in MINUTES:
        for agent in SITES:
            take(hub, agent, window(agent, minute, value_of(agent, minute)))


def ask(hub: Hub, *agents: str, policy: str = "default", step_s: int = MINUTE_S, **more: Any) -> dict[str, Any]:
    asked = Question(policy, METRIC, START_S, START_S + 2 * HOUR_S, step_s, by_agent=True, agents=agents)
    return answer_by_agent(replace(asked, **more), hub.windows)


def truth(*agents: str, step_s: int = MINUTE_S) -> dict[str, list[list[int]]]:
    """What each agent counted, by step."""
    series: dict[str, list[list[int]]] = {}
    for agent in agents or SITES:
        steps: dict[int, int] = {}
        for minute in MINUTES:
            step = (START_S + minute * MINUTE_S) // step_s * step_s
            steps[step] = steps.get(step, 0) + value_of(agent, minute)
        series[agent] = [[*one] for one in steps.items()]
    return series


def test_each_agent_is_a_series_of_what_is_sealed_and_what_is_not(hub: Hub) -> None:
    send_all(hub)
    for _ in ("hot", "sealed"):
        for step_s in (MINUTE_S, 300, HOUR_S, DAY_S):
            assert ask(hub, step_s=step_s)["series"] == truth(step_s=step_s)
        assert ask(hub, policy="fra")["series"] == truth("a0", "a2"), "a policy of the hub has the agents it chooses"
        hub.seal(START_S // HOUR_S)
    told = ask(hub)
    assert (told["by"], told["tag"], told["kind"]) == ("agent", "", "counter")
    assert (told["data_from"], told["data_to"]) == (START_S, START_S + 62 * MINUTE_S)
    assert (told["read"]["files"], told["read"]["deliveries"]) == (1, len(SITES))


def test_a_window_that_is_damaged_hides_nothing_of_others(hub: Hub) -> None:
    send_all(hub)
    take(hub, "bad", replace(window("bad", 0, 1), image=b"none"), window("bad", 3, 7))
    for _ in ("hot", "sealed"):
        series = ask(hub)["series"]
        assert series.pop("bad") == [[START_S + 3 * MINUTE_S, 7]]
        assert series == truth()
        hub.seal(START_S // HOUR_S)


def test_agents_that_are_named_are_read_alone(hub: Hub) -> None:
    send_all(hub)
    assert ask(hub, "a1")["read"]["deliveries"] == len(MINUTES)
    for _ in ("hot", "sealed"):
        assert ask(hub, "a1", "a2")["series"] == truth("a1", "a2")
        hub.seal(START_S // HOUR_S)
    told = ask(hub, "a1", "nobody")
    assert (told["series"], told["reason"]) == (truth("a1"), f"no agent called nobody measured {METRIC} then")
    assert ask(hub, "nobody")["series"] == {}


def test_a_handler_at_several_taps_is_one_as_in_other_history(hub: Hub) -> None:
    take(hub, "a0", window("a0", 0, 5, "eth0"), window("a0", 0, 7, "eth1"))
    for _ in ("hot", "sealed"):
        assert ask(hub)["series"] == {"a0": [[START_S, 12]]}
        hub.seal(START_S // HOUR_S)


def test_what_is_not_kept_any_more_is_told_and_the_rest_is_shown(hub: Hub) -> None:
    send_all(hub)
    hub.seal(START_S // HOUR_S)
    hub.hours.remove(WINDOWS, START_S // HOUR_S)
    told = ask(hub)
    last = START_S + 61 * MINUTE_S
    assert told["series"] == {agent: [[last, value_of(agent, 61)]] for agent in SITES}
    assert "not all kept" in told["reason"]
    assert told["kept_from"] == START_S + HOUR_S
    told = ask(hub, step_s=DAY_S)
    assert (told["series"], told["kept_from"]) == ({}, START_S + HOUR_S), "no step has all that was measured in it"
    told = ask(hub, to_s=START_S + HOUR_S)
    assert (told["series"], told["data_from"]) == ({}, None)


def test_a_question_that_would_cost_too_much_says_what_would_do(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    send_all(hub)
    with monkeypatch.context() as bounds:
        bounds.setattr(own_windows, "MOST_DELIVERIES", 11)
        with pytest.raises(ConfigError, match=r"12 deliveries of this time .* more than 11: name agents with agent="):
            ask(hub)
        assert ask(hub, "a1")["series"] == truth("a1")
    monkeypatch.setattr(own_windows, "MOST_POINTS", 8)
    for _ in ("hot", "sealed"):
        with pytest.raises(ConfigError, match=r"would have (12|9) points, more than 8: use a longer step, or name"):
            ask(hub)
        assert ask(hub, step_s=HOUR_S)["series"]
        hub.seal(START_S // HOUR_S)
    monkeypatch.setattr(own_windows, "MOST_READ_BYTES", 10)
    with pytest.raises(ConfigError, match="ask for a shorter time"):
        ask(hub)


def test_a_policy_that_was_never_heard_of_is_not_found(hub: Hub) -> None:
    with pytest.raises(NotFoundError, match="there is no policy none"):
        ask(hub, policy="none")


SEEN = {"a0": {"all.example": 9, "own0.example": 3}, "a1": {"all.example": 4}, "a2": {"own2.example": 2}}


def lists(hub: Hub, **more: Any) -> dict[str, Any]:
    asked = Question("default", TOP, START_S, START_S + 2 * HOUR_S)
    return heaviest_apart(replace(asked, **more), hub.windows)


def weights(told: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {name: {one["name"]: one["estimate"] for one in of["items"]} for name, of in told["series"].items()}


def test_each_agent_or_site_has_its_heaviest_items_and_its_rest(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for agent, names in SEEN.items():
        for minute in (0, 61):
            send(hub, agent, SITES[agent], minute, top_qname3=frequent(names))
    twice = {agent: {name: 2 * weight for name, weight in names.items()} for agent, names in SEEN.items()}
    for _ in ("hot", "sealed"):
        assert weights(lists(hub, by_agent=True)) == twice
        assert weights(lists(hub, by_agent=True, agents=("a1",))) == {"a1": twice["a1"]}
        assert weights(lists(hub, by_agent=True, tag="site", values=("fra",))).keys() == {"a0", "a2"}
        assert weights(lists(hub, tag="site")) == {"fra": twice["a0"] | twice["a2"], "tyo": twice["a1"]}
        hub.seal(START_S // HOUR_S)
    told = lists(hub, by_agent=True, top=1)
    assert (told["by"], told["series"]["a0"]["total"], told["series"]["a0"]["other"]["estimate"]) == ("agent", 24, 6)
    monkeypatch.setattr(sets, "MOST_LISTED", 29)
    with pytest.raises(ConfigError, match=r"3 lists of 10 items are more than 29 items: use top=9, or choose fewer"):
        lists(hub, by_agent=True)


def test_a_whole_time_of_which_windows_are_lost_is_not_told_in_part(hub: Hub) -> None:
    for minute in (0, 61):
        send(hub, "a0", "fra", minute, top_qname3=frequent(SEEN["a0"]))
    hub.seal(START_S // HOUR_S)
    hub.hours.remove(WINDOWS, START_S // HOUR_S)
    told = lists(hub, by_agent=True)
    assert (told["series"], told["kept_from"]) == ({}, START_S + HOUR_S)
    assert "not all kept" in told["reason"]

"""The memory budget: policies without room are refused whole, and the log tells what gave way."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from pktvisor import _core
from pktvisor.agent.local import LocalAgent
from pktvisor.agent.memory import MEGABYTE, MemoryWatch, limit_memory, memory_held
from pktvisor.errors import ConfigError
from pktvisor.inputs.holding import held_together
from support.inputs import TestInput
from support.written import TAP, body, file, policy


@pytest.fixture(autouse=True)
def _no_budget_is_left_behind() -> Iterator[None]:
    yield
    limit_memory(None)


def short_of_memory() -> None:
    """Let everything that is held be too much."""
    _core.memory_account().set_budget(1)


def test_a_policy_that_there_is_no_room_for_is_refused_whole(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    short_of_memory()
    with pytest.raises(ConfigError, match=r"no memory for more policies: .* one fifth is kept free") as refused:
        agent.add_policy(body(policy()))
    assert "--memory-mb" in refused.value.hint
    assert (dict(agent.policies), dict(agent.inputs), [one for one in TestInput.made if one.fed]) == ({}, {}, [])
    limit_memory(None)
    assert list(agent.add_policy(body(policy()))) == ["edge"]


def test_a_configuration_that_there_is_no_room_for_changes_nothing(agent: LocalAgent) -> None:
    short_of_memory()
    with pytest.raises(ConfigError, match="there is no memory"):
        agent.apply(file(policy()), is_dry_run=False)
    assert (dict(agent.taps), dict(agent.policies)) == ({}, {})


def test_policies_can_leave_and_be_exchanged_for_others_as_large_though_memory_is_short(agent: LocalAgent) -> None:
    agent.apply(file(policy()), is_dry_run=False)
    before = agent.policies["edge"]
    filled = [part.policy.core.memory.answers() for part in before.parts]
    for held in filled:
        held.tell(MEGABYTE)
    short_of_memory()
    agent.apply(file(policy(modules="{net: {type: net, config: {topn_count: 7}}}")), is_dry_run=False)
    assert agent.policies["edge"] is not before
    agent.apply("visor: {taps: {}, policies: {}}", is_dry_run=False)
    assert dict(agent.policies) == {}


def test_policies_and_the_process_tell_what_they_hold(agent: LocalAgent) -> None:
    agent.add_tap(TAP)
    told = agent.add_policy(body(policy()))["edge"]
    assert isinstance(told, dict)
    assert told["memory"] == {}, "nothing was fed"
    (part,) = agent.policies["edge"].parts
    answers = part.policy.core.memory.answers()
    before = memory_held().held["answers"]
    answers.tell(5000)
    assert agent.policies["edge"].describe()["memory"] == {"answers": 5000}
    assert memory_held().held["answers"] == before + 5000
    assert held_together([part.policy.core.memory] * 2) == {"answers": 10_000}
    del answers
    assert memory_held().held["answers"] == before


def test_the_budget_is_told_in_bytes_and_only_where_there_is_one() -> None:
    assert memory_held().budget_bytes is None
    limit_memory(64)
    assert memory_held().budget_bytes == 64 * MEGABYTE


def test_the_log_tells_what_gave_way_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    limit_memory(64)
    watch = MemoryWatch()
    answers = _core.memory_account().answers()
    with caplog.at_level(logging.WARNING):
        watch.look(0.0)
        assert caplog.messages == []
        answers.count_forgotten(3)
        watch.look(1.0)
        answers.count_forgotten(4)
        watch.look(2.0)
        assert [message.partition(" are held: ")[2] for message in caplog.messages] == ["3 answers gave way"]
        watch.look(61.0)
        assert [message.partition(" are held: ")[2] for message in caplog.messages][1:] == ["4 answers gave way"]
        assert caplog.messages[0].startswith("memory is short, ")

"""Totals of groups: windows that have closed, each once, within a bound that tells what it left out."""

from __future__ import annotations

import pytest

from pktvisor.handlers.base import HandlerSettings
from pktvisor.metrics.snapshot import Sample, TopValues
from pktvisor.policies import group_totals
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from pktvisor.policies.totals import PolicyTotals, total_name
from support.captures import FOLDER
from support.configurations import declared
from support.measuring import Source, Wanted, measure

CAPTURE = FOLDER / "multi_window.pcap"
OWN = declared("rows: {counter: packet, by: [ip.src]}, all: {counter: packet}, top: {top_n: ip.dst, by: [ip.src]}")
NOW_NS = 2_000_000_000 * 10**9

Counts = dict[tuple[str, tuple[tuple[str, str], ...]], int]


def policy_of(periods: int) -> Policy:
    return measure(Source(CAPTURE), [Wanted("own", "custom", settings=OWN)], periods=periods).policy


def counts(samples: tuple[Sample, ...] | list[Sample]) -> Counts:
    return {(one.name, one.labels): one.value for one in samples if isinstance(one.value, int)}


def totals(read: PolicyTotals) -> Counts:
    (snapshot,), _ = read.read(NOW_NS)
    return counts(list(snapshot.samples))


def test_the_windows_of_a_policy_add_up_to_what_one_window_of_everything_has() -> None:
    (whole,) = policy_of(1).bucket(0, NOW_NS)
    meant = {
        (total_name(one.name), one.labels): one.value
        for one in whole.samples
        if one.adds_up and isinstance(one.value, int)
    }
    assert len(meant) > 5, "some groups and what is kept together"
    found = totals(PolicyTotals(policy_of(5)))
    assert found.pop((group_totals.LEFT_OUT, (("by", "ip_src"),))) == 0
    assert found == meant
    assert any(isinstance(one.value, TopValues) for one in whole.samples), "which have no total"


def test_a_window_counts_once_however_often_somebody_looks_and_stays_when_it_is_forgotten() -> None:
    policy = policy_of(2)
    read = PolicyTotals(policy)
    once = totals(read)
    read.groups.look()
    assert totals(read) == once
    run_file(str(CAPTURE), policy)
    after = totals(read)
    assert all(after[key] >= count for key, count in once.items())


def test_windows_of_a_former_process_are_left_out() -> None:
    read = PolicyTotals(policy_of(5))
    read.groups.begin()
    assert {labels for name, labels in totals(read) if name == "pktvisor_custom_rows_total"} == set()


def test_groups_beyond_the_bound_have_no_totals_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    every = totals(PolicyTotals(policy_of(5)))
    monkeypatch.setattr(group_totals, "MOST_GROUPS", 2)
    some = totals(PolicyTotals(policy_of(5)))
    groups = [key for key in some if key[0] == "pktvisor_custom_rows_total"]
    assert len(groups) == 2
    assert all(some[key] == every[key] for key in groups), "those that have totals have whole ones"
    assert some[group_totals.LEFT_OUT, (("by", "ip_src"),)] > 0


def test_a_handler_without_groups_has_none() -> None:
    read = PolicyTotals(measure(Source(CAPTURE), [Wanted("net", "net", settings=HandlerSettings())]).policy)
    assert group_totals.LEFT_OUT not in {name for name, _ in totals(read)}

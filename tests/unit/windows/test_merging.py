"""Records merge by what they are."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pktvisor.outputs.json import policy_document
from pktvisor.policies.policy import Policy
from pktvisor.policies.records import bucket_records
from pktvisor.windows.merging import merge
from pktvisor.windows.reading import snapshots
from pktvisor.windows.record import Record
from support.records import count
from support.saved_windows import PACKETS, every_kind, fed
from unit.policies.test_restore import make


def records(policy: Policy, agent: str = "here") -> list[Record]:
    """The records of all windows, the oldest first."""
    numbers = reversed(range(policy.core.available()))
    return [record for number in numbers for record in bucket_records(policy, number, agent=agent, now_ns=0)]


def document(merged: Sequence[Record]) -> Any:
    return policy_document(snapshots(merged))


def in_order(value: Any) -> str:
    """A document with lists in an order of their own: among equals in a top list any order is right."""
    if isinstance(value, dict):
        return json.dumps({key: in_order(part) for key, part in value.items()}, sort_keys=True)
    return json.dumps(sorted(map(in_order, value)) if isinstance(value, list) else value)


def without_ties(value: Any) -> Any:
    """A document without top lists, whose last entries are any of several equals."""
    if isinstance(value, dict):
        return {key: without_ties(part) for key, part in value.items() if not isinstance(part, list)}
    return value


def test_windows_merge_as_the_agent_merges_them() -> None:
    for policy in (fed(make()), fed(every_kind())):
        merged = merge(records(policy))
        assert merged.differences == []
        shown: Any = policy_document(policy.window(policy.core.available(), 0))
        assert without_ties(document(merged.records)) == without_ties(shown)


def test_the_order_of_records_makes_no_difference() -> None:
    every = records(fed(every_kind())) + records(fed(every_kind(), "dns_resolver.pcap"), agent="there")
    expected = document(merge(every).records)
    for seed in range(5):
        shuffled = every.copy()
        random.Random(seed).shuffle(shuffled)
        assert without_ties(document(merge(shuffled).records)) == without_ties(expected)


def test_merging_in_parts_is_merging_at_once() -> None:
    first, second = records(fed(every_kind())), records(fed(every_kind(), "dns_resolver.pcap"), agent="there")
    at_once = {(one.path, tuple(one.labels.items())): one for one in merge(first + second).records}
    in_parts = merge([*merge(first).records, *merge(second).records]).records
    assert len(in_parts) == len(at_once)
    for one in in_parts:
        other = at_once[one.path, tuple(one.labels.items())]
        assert (one.value, one.ledger, one.seen, one.dropped) == (other.value, other.ledger, other.seen, other.dropped)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 2**40)), min_size=1, max_size=20))
def test_counts_add_up_whoever_counted_them_and_when(rows: list[tuple[int, int, int]]) -> None:
    every = [count(value, agent=str(agent), number=number, start_ns=number) for agent, number, value in rows]
    (merged,) = merge(every).records
    assert merged.value == sum(value for *_, value in rows)
    sources = {(agent, number) for agent, number, _ in rows}
    assert merged.ledger["seen"] == 10 * len(sources), "what handlers share is counted once"
    assert merged.agent == (every[0].agent if len({one.agent for one in every}) == 1 else "")


def test_handlers_that_share_an_input_share_its_ledger_whatever_the_numbers_of_their_windows() -> None:
    every = [count(1, instance="edge-net"), count(1, instance="edge-dns", number=7)]
    every += [replace(one, tap="downlink") for one in every]
    (merged,) = merge(every).records
    assert (merged.value, merged.ledger["seen"]) == (4, 20)


def test_fields_that_are_named_keep_records_apart() -> None:
    every = [count(1, agent="a"), count(2, agent="b"), count(4, agent="a", number=1)]
    assert [(one.agent, one.value) for one in merge(every, apart_by=["agent"]).records] == [("a", 5), ("b", 2)]


def test_windows_of_one_source_follow_each_other_and_those_of_several_stand_side_by_side() -> None:
    minute = 60_000_000_000
    every = [
        count(1, agent=agent, number=number, start_ns=number * minute, end_ns=(number + 1) * minute)
        for agent in "ab"
        for number in range(3)
    ]
    (merged,) = merge(every).records
    assert (merged.start_ns, merged.end_ns, merged.length_s, merged.number) == (0, 3 * minute, 180, 2)


def test_a_kind_that_this_release_does_not_know_is_kept_and_told() -> None:
    unknown = [replace(count(1, agent=agent), kind="of_tomorrow", path="new") for agent in "ab"]
    merged = merge([*unknown, count(1), count(2, number=1)])
    assert [one for one in merged.records if one.kind == "of_tomorrow"] == unknown
    assert [one.value for one in merged.records if one.kind == "counter"] == [3]
    assert merged.differences == ["packets new is a of_tomorrow, which this release can't merge: it stays as it is"]


def test_agents_that_differ_by_a_filter_merge_what_means_the_same_and_say_what_does_not() -> None:
    filtered = {
        **PACKETS,
        "packets": {"counter": "packet", "where": "packet.bytes > 99"},
        "more": {"counter": "packet"},
    }
    ours, theirs = fed(every_kind()), fed(every_kind(packets=filtered))
    merged = merge(records(ours, "ours") + records(theirs, "theirs"))
    (told,) = merged.differences
    assert told == (
        "custom packets does not mean the same everywhere and is not merged: ours:every_kind:packets / "
        "theirs:every_kind:packets"
    )
    values = {(one.path, one.agent): one.value for one in merged.records if not one.labels}
    assert values["packets", "ours"] == 271
    assert 0 < (values["packets", "theirs"] or 0) < 271
    assert values["bytes", ""] == 2 * 16561
    assert values["senders", ""] == 8, "the same senders are seen by both"
    assert values["more", ""] == 271, "of a metric that only one of them has, its count"


def test_a_release_that_counts_in_another_way_is_told_apart_by_its_version() -> None:
    merged = merge([count(1, agent="old"), count(2, agent="new", handler_version="2.0")])
    assert sorted(one.value or 0 for one in merged.records) == [1, 2]
    assert len(merged.differences) == 1

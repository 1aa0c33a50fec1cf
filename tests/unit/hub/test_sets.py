"""What some agents saw and others did not, told no more surely than sketches know it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pktvisor.errors import ConfigError, NotFoundError
from pktvisor.hub.history import Question
from pktvisor.hub.hub import Hub
from pktvisor.hub.sets import difference, heaviest
from support.hubs import Clock
from support.top_lists import FLEET, START_S, TOP, frequent, send

COUNTED = "dns.cardinality.qname"


@pytest.fixture
def clock() -> Clock:
    return Clock(START_S)


def distinct(first: int, last: int) -> bytes:
    """A cardinality of the numbers from `first` to `last`."""
    import datasketches

    sketch = datasketches.hll_sketch(12, datasketches.tgt_hll_type.HLL_8)
    for number in range(first, last):
        sketch.update(f"name {number}")
    return bytes(sketch.serialize_updatable())


def asked(metric: str, *values: str, **more: Any) -> Question:
    return Question("default", metric, START_S, START_S + 3600, tag="site", values=values, **more)


def ask(hub: Hub, question: Question, *without: str) -> dict[str, Any]:
    return difference(question, without, hub.stored, hub.minutes)


def test_names_that_tokyo_saw_and_frankfurt_did_not(hub: Hub) -> None:
    send(hub, "t1", "tyo", top_qname3=frequent({"both.example": 7, "tokyo.example": 5}))
    send(hub, "t2", "tyo", top_qname3=frequent({"tokyo.example": 4, "nrt.example": 1}))
    send(hub, "f1", "fra", top_qname3=frequent({"both.example": 1}))
    told = ask(hub, asked(TOP, "tyo"), "fra")
    assert told["items"] == [
        {"name": "tokyo.example", "estimate": 9, "lower": 9, "upper": 9},
        {"name": "nrt.example", "estimate": 1, "lower": 1, "upper": 1},
    ]
    assert (told["is_certain"], told["in_both"], told["more_items"]) == (True, 1, 0)
    assert (told["data_from"], told["data_to"]) == (START_S, START_S + 60)


def test_pairs_of_one_name_are_told_apart_by_what_stands_beside_it(hub: Hub) -> None:
    tokyo = {"a.example 192.0.2.1": 5, "a.example 192.0.2.2": 3, "b.example 192.0.2.2": 1}
    send(hub, "t1", "tyo", item_label="qname client", top_qname3=frequent(tokyo))
    send(hub, "f1", "fra", item_label="qname client", top_qname3=frequent({"a.example 192.0.2.1": 1}))
    told = ask(hub, asked(TOP, "tyo", top=1), "fra")
    assert told["items"] == [{"name": "a.example", "client": "192.0.2.2", "estimate": 3, "lower": 3, "upper": 3}]
    assert (told["in_both"], told["more_items"]) == (1, 1)


def test_a_list_that_was_cut_makes_what_is_not_in_it_uncertain(hub: Hub) -> None:
    send(hub, "t1", "tyo", top_qname3=frequent({"tokyo.example": 5}))
    send(hub, "f1", "fra", top_qname3=frequent({f"{number}.example": 10 + number for number in range(100)}, 50))
    told = ask(hub, asked(TOP, "tyo"), "fra")
    assert [one["name"] for one in told["items"]] == ["tokyo.example"]
    assert not told["is_certain"]
    assert told["elsewhere_at_most"] == 59, "of the 50 that were cut, the heaviest has so much"


def test_what_is_left_out_of_an_answer_is_counted(hub: Hub) -> None:
    send(hub, "t1", "tyo", top_qname3=frequent({f"{number}.example": number + 1 for number in range(9)}))
    told = ask(hub, asked(TOP, "tyo", top=2), "fra")
    assert [one["estimate"] for one in told["items"]] == [9, 8]
    assert told["more_items"] == 7


def test_several_values_stand_for_their_union(hub: Hub) -> None:
    send(hub, "t1", "tyo", top_qname3=frequent({"a.example": 1}))
    send(hub, "o1", "osa", top_qname3=frequent({"b.example": 2}))
    send(hub, "f1", "fra", top_qname3=frequent({"a.example": 1}))
    send(hub, "m1", "muc", top_qname3=frequent({"c.example": 1}))
    told = ask(hub, asked(TOP, "tyo", "osa"), "fra", "muc")
    assert [one["name"] for one in told["items"]] == ["b.example"]


def test_cardinalities_answer_with_their_error(hub: Hub) -> None:
    send(hub, "t1", "tyo", qname=distinct(0, 40_000))
    send(hub, "f1", "fra", qname=distinct(30_000, 50_000))
    told = ask(hub, asked(COUNTED, "tyo"), "fra")
    assert abs(told["only_in"]["estimate"] - 30_000) <= 2 * told["only_in"]["error"]
    assert told["only_in"]["error"] < 5_000
    assert abs(told["in_both"]["estimate"] - 10_000) <= 2 * told["in_both"]["error"]


def test_a_difference_smaller_than_its_error_is_not_answered(hub: Hub) -> None:
    send(hub, "t1", "tyo", qname=distinct(0, 100_000))
    send(hub, "f1", "fra", qname=distinct(100, 100_000))
    told = ask(hub, asked(COUNTED, "tyo"), "fra")["only_in"]
    assert told["estimate"] is None
    assert "exceeds" in told["reason"]
    assert told["at_most"] >= 100


def test_few_are_counted_exactly(hub: Hub) -> None:
    send(hub, "t1", "tyo", qname=distinct(0, 20))
    send(hub, "f1", "fra", qname=distinct(0, 20))
    told = ask(hub, asked(COUNTED, "tyo"), "fra")
    assert told["only_in"] == {"estimate": 0, "error": 0}
    assert told["in_both"] == {"estimate": 20, "error": 0}


def test_sealed_hours_and_minutes_in_memory_answer_together(hub: Hub, clock: Clock) -> None:
    for minute in (0, 61):
        send(hub, "t1", "tyo", minute, top_qname3=frequent({"tokyo.example": 1, f"{minute}.example": 2}))
    send(hub, "f1", "fra", top_qname3=frequent({"0.example": 1}))
    clock.after_s = 2 * 3600.0
    hub.seal(START_S // 3600)
    question = replace(asked(TOP, "tyo"), to_s=START_S + 7200)
    told = ask(hub, question, "fra")
    assert {one["name"]: one["estimate"] for one in told["items"]} == {"tokyo.example": 2, "61.example": 2}
    assert (told["data_from"], told["data_to"]) == (START_S, START_S + 62 * 60)


def test_the_rest_of_a_list_is_told(hub: Hub) -> None:
    send(hub, "t1", "tyo", top_qname3=frequent({"a.example": 70, "b.example": 20, "c.example": 10}))
    send(hub, "f1", "fra", top_qname3=frequent({"a.example": 5}))
    question = Question("default", TOP, START_S, START_S + 3600, top=1)
    told = heaviest(question, hub.stored, hub.minutes)
    assert told["items"] == [{"name": "a.example", "estimate": 75, "lower": 75, "upper": 75}]
    assert told["other"] == {"estimate": 30, "lower": 30, "upper": 30}
    assert told["total"] == 105
    of_tokyo = heaviest(asked(TOP, "tyo", top=1), hub.stored, hub.minutes)
    assert of_tokyo["total"] == 100


@pytest.mark.parametrize(
    ("question", "without", "sentence"),
    [
        (replace(asked(TOP, "tyo"), tag=""), ("fra",), "tag must say by which tag"),
        (asked(TOP), ("fra",), "in must have 1 to 16 values"),
        (asked(TOP, "tyo"), (), "not_in must have 1 to 16 values"),
        (asked(TOP, "tyo"), ("fra", "tyo"), "tyo can't be both in and not_in"),
        (asked("dns.wire_packets.total", "fra"), ("tyo",), "is a counter: only top lists and cardinalities know"),
    ],
)
def test_questions_that_can_not_be_answered_say_why(
    hub: Hub, question: Question, without: tuple[str, ...], sentence: str
) -> None:
    hub.admission.take(FLEET.body(1, 0), hub.now_ns())
    with pytest.raises(ConfigError, match=sentence):
        ask(
            hub, replace(question, values=question.values and ("fra",)) if "counter" in sentence else question, *without
        )


def test_a_policy_that_was_never_heard_of_is_not_found(hub: Hub) -> None:
    with pytest.raises(NotFoundError):
        ask(hub, asked(TOP, "tyo"), "fra")

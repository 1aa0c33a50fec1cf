"""The sentences at the top of the overview: the rules by themselves, asked in a browser, and where each leads."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from support.browser import Visitor, ready
from support.made_up import BEGIN_S
from support.page_rules import Ask, opened, rules_of
from support.page_server import PageServer

FEW, MANY = 6, 70
"""Of 1,000 answers in a step."""


@pytest.fixture
def ask(made: PageServer, visitor: Visitor) -> Ask:
    return rules_of(opened(made, visitor), "attention.js")


def failures(*, before: int, after: int, **more: Any) -> dict[str, Any]:
    """An hour's answers, of which more fail after half of it."""
    failed = [before] * 30 + [after] * 30
    told = {"result": "SERVFAIL", "failed": failed, "answers": [1000] * 60, "start": 1_750_000_200, "step": 10}
    return {**told, "names": None, "all": None, "servers": None, **more}


def test_failures_that_rose_are_told_with_their_beginning_and_the_name_that_most_are_about(ask: Ask) -> None:
    names = [{"name": "broken.example", "estimate": 1900, "lower_bound": 1850, "upper_bound": 1910}]
    servers = [{"name": "broken.example", "server": "198.51.100.2", "estimate": 1800}]
    told = ask("failuresRose", failures(before=FEW, after=MANY, names=names, all=2100, servers=servers))
    assert told["what"] == "SERVFAIL rose from 0.6 % to 7 %"
    assert told["why"] == "at 15:15 and stays there; at least 88.1 % of them are about "
    assert (told["name"], told["rest"]) == ("broken.example", ", from 198.51.100.2.")
    assert (told["mark"], told["screen"], told["params"]) == ("bad", "dns", {"result": "SERVFAIL"})


def test_a_name_of_less_than_half_of_the_failures_is_not_to_blame(ask: Ask) -> None:
    names = [{"name": "broken.example", "estimate": 1200, "lower_bound": 900, "upper_bound": 1300}]
    told = ask("failuresRose", failures(before=FEW, after=MANY, names=names, all=2100))
    assert (told["why"], told.get("name")) == ("at 15:15 and stays there", None)


@pytest.mark.parametrize(
    "told",
    [
        failures(before=60, after=70),
        failures(before=FEW, after=FEW),
        failures(before=0, after=1, answers=[50] * 60),
        failures(before=FEW, after=MANY, failed=[None] * 55 + [70] * 5),
        failures(before=FEW, after=MANY, failed=[], answers=[]),
        failures(before=MANY, after=FEW),
    ],
    ids=["a little", "not at all", "by a few answers", "nothing known before", "no steps", "they fell"],
)
def test_what_did_not_surely_rise_is_not_told(ask: Ask, told: dict[str, Any]) -> None:
    assert ask("failuresRose", told) is None


def test_losses_say_who_lost_how_much(ask: Ask) -> None:
    kernel, malformed = ask("losses", {"seen": 1000, "dropped_by_kernel": 4, "dropped_by_us": 0, "malformed": 20})
    assert (kernel["mark"], kernel["what"], kernel["why"]) == (
        "warn",
        "The kernel dropped 4 packets",
        "(0.4 %) in this window.",
    )
    assert malformed["what"] == "2 % of packets can't be read."
    assert ask("losses", {"seen": 1000, "decoded": 1000, "malformed": 3}) == []


def test_figures_of_less_than_all_packets_say_so(ask: Ask) -> None:
    assert ask("incomplete", {"completeness": 0.95})["what"] == "These figures are of 95 % of the packets."
    assert ask("incomplete", {"completeness": 0.98}) is None
    assert ask("incomplete", {"completeness": None}) is None


def test_unknown_directions_are_told_above_two_in_a_hundred(ask: Ask) -> None:
    told = ask("directionUnknown", {"seen": 1000, "direction_unknown": 28})
    assert told["what"] == "2.8 % of packets have no known direction."
    assert told["params"] == {"direction": "unknown"}
    assert ask("directionUnknown", {"seen": 1000, "direction_unknown": 20}) is None
    assert ask("directionUnknown", {}) is None


def happening(kind: str, time: int, text: str) -> dict[str, Any]:
    return {"kind": kind, "time": time, "subject": "eth0", "text": text}


def test_an_input_that_is_gone_is_told_until_it_is_back(ask: Ask) -> None:
    lost = happening("input_lost", 1_750_000_000, "eth0 is down")
    back = happening("input_back", 1_750_000_080, "eth0 is back after 80 s")
    (gone,) = ask("inputsLost", [lost], 1_750_000_030)
    assert (gone["mark"], gone["what"], gone["why"]) == ("bad", "eth0 is down", "since 15:06:40, for 30 s.")
    (was,) = ask("inputsLost", [lost, back], 1_750_000_100)
    assert (was["mark"], was["what"]) == ("warn", "eth0 was gone for 1 min 20 s")
    assert ask("inputsLost", [happening("policy_added", 1_750_000_000, "policy edge added")], 1_750_000_100) == []


def test_an_input_that_can_not_work_says_why(ask: Ask) -> None:
    inputs = {"up": {"input": {"running": True}}, "no": {"input": {"running": False, "fault": "no such interface"}}}
    (told,) = ask("inputFaults", inputs)
    assert (told["what"], told["why"]) == ("no can't work:", "no such interface")


def test_silence_is_told_apart_from_an_input_that_sees_nothing(ask: Ask) -> None:
    quiet = ask("silent", [5, 5, 0, 0, 0], 1_750_000_000, 10)
    assert (quiet["what"], quiet["why"]) == (
        "Nothing has come since 15:07:00.",
        "The input works and sees no packets.",
    )
    away = ask("silent", [5, 5, None, None, None], 1_750_000_000, 10)
    assert away["why"] == "No input of this policy is at work."
    assert ask("silent", [5, 5, 5, 0, 0], 1_750_000_000, 10) is None
    assert ask("silent", [0, 0, 0, 0], 1_750_000_000, 10) is None


def test_memory_that_gave_way_and_a_late_start_are_told(ask: Ask) -> None:
    assert "3 top lists and others" in ask("memoryGaveWay", {"windows": 1, "top_lists": 3, "groups": 0})["why"]
    assert ask("memoryGaveWay", {"windows": 0}) is None
    assert ask("startedLately", 65)["what"] == "The agent started 1 min 5 s ago."
    assert ask("startedLately", 900) is None


def test_each_sentence_leads_to_where_it_is_explained(made: PageServer, visitor: Visitor) -> None:
    for schemas in made.handlers.values():
        for metrics in schemas.values():
            metrics["period"]["ledger"] |= {"direction_unknown": 1400, "dropped_by_kernel": 500}
    made.marks.append({"id": 1, "time": BEGIN_S, "kind": "input_lost", "subject": "eth0", "text": "eth0 is down"})
    page = visitor.open(made.url, "#/overview?policy=edge")
    told = ready(page, "Overview").get_by_role("list", name="What needs attention")
    expect(told).to_contain_text("The kernel dropped 500 packets")
    first = told.get_by_role("listitem").first
    expect(first).to_contain_text("eth0 is down since")
    told.get_by_role("link", name="Addresses").click()
    ready(page, "Network")
    assert "direction=unknown" in page.url

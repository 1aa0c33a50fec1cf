"""An empty answer says what of the question is not there, and what is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pktvisor.hub.history import Question, answer
from pktvisor.hub.hub import Hub
from pktvisor.hub.lacking import explained
from pktvisor.hub.sets import difference
from support.fleet import CAPTURES, Fleet
from support.hubs import Clock, running_hub

HOUR_S = 3600
START_S = 1_790_000_000 // HOUR_S * HOUR_S
FLEET = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)


@pytest.fixture
def clock() -> Clock:
    return Clock(START_S)


@pytest.fixture
def hub(tmp_path: Path, clock: Clock) -> Iterator[Hub]:
    with running_hub(tmp_path, clock) as hub:
        hub.admission.take(FLEET.body(1, 0), hub.now_ns())
        yield hub


def seal(hub: Hub, clock: Clock) -> None:
    clock.after_s = HOUR_S + 400
    hub.tick(1e6)
    hub.wait_for_sealing()
    assert hub.stored.sealed


def ask(hub: Hub, metric: str, policy: str = "default", from_s: int = START_S, **more: Any) -> dict[str, Any]:
    question = Question(policy, metric, from_s, from_s + HOUR_S, **more)
    return explained(answer(question, hub.stored, hub.minutes), question, hub.stored, hub.minutes)


UNKNOWN = [
    ({"metric": "dsn.wire_packets.total"}, "policy default had no handler dsn then; did you mean 'dns'?"),
    (
        {"metric": "dns.wire_packets.totl"},
        "policy default had no metric dns.wire_packets.totl then; did you mean 'dns.wire_packets.total'?",
    ),
    (
        {"metric": "dns.cardinality"},
        "policy default had no metric dns.cardinality then: name one of its metrics, as dns",
    ),
    (
        {"metric": "dns.wire_packets.total", "tag": "role"},
        "no agent with policy default had a tag role then: there are site",
    ),
    (
        {"metric": "dns.wire_packets.total", "tag": "site", "values": ("tyo",)},
        "no agent had site=tyo then: there are fra",
    ),
]


@pytest.mark.parametrize(("asked", "reason"), UNKNOWN)
@pytest.mark.parametrize("is_sealed", [False, True])
def test_names_that_are_not_there_are_told_with_those_that_are(
    hub: Hub, clock: Clock, asked: dict[str, Any], reason: str, is_sealed: bool
) -> None:
    if is_sealed:
        seal(hub, clock)
    told = ask(hub, **asked)
    assert told["series"] == {}
    assert told["reason"].startswith(reason)


def test_a_policy_that_is_not_there_is_told_once_something_is_sealed(hub: Hub, clock: Clock) -> None:
    seal(hub, clock)
    assert ask(hub, "dns.wire_packets.total", "defualt")["reason"] == (
        "there was no policy defualt then; did you mean 'default'?"
    )


def test_what_is_there_needs_no_reason_and_other_times_have_none(hub: Hub) -> None:
    assert "reason" not in ask(hub, "dns.wire_packets.total")
    told = ask(hub, "dns.wire_packets.total", from_s=START_S + 100 * HOUR_S)
    assert "reason" not in told
    assert told["kept_from"] == START_S, "what is not sealed is kept, too"


def test_agents_that_nobody_heard_of_did_not_see_nothing(hub: Hub) -> None:
    question = Question("default", "dns.top_qname2", START_S, START_S + HOUR_S, tag="site", values=("fra",))
    told = difference(question, ("tyo",), hub.stored, hub.minutes)
    assert told["reason"] == "no agent with site=tyo measured dns.top_qname2 then"

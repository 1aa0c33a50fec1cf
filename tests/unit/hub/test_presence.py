"""An agent is live, stale or gone."""

from __future__ import annotations

import pytest

from pktvisor.hub.presence import describe_agent, state_of
from pktvisor.hub.registry import KnownAgent
from pktvisor.hub.seen import Seen

SECOND_NS = 1_000_000_000
NOW_NS = 1_790_000_000 * SECOND_NS


@pytest.mark.parametrize(
    ("silent_s", "length_s", "state"),
    [
        (10, 60, "live"),
        (179, 60, "live"),
        (181, 60, "stale"),
        (181, 10, "stale"),
        (3600, 3600, "live"),
        (86_401, 60, "gone"),
    ],
)
def test_silence_makes_an_agent_stale_then_gone(silent_s: int, length_s: int, state: str) -> None:
    agent = KnownAgent("fra1", last_seen_ns=NOW_NS - silent_s * SECOND_NS, length_s=length_s)
    assert state_of(agent, NOW_NS) == state


def test_what_was_refused_is_told_with_its_reason() -> None:
    agent = KnownAgent("fra1", refused=2, refusal="its clock is ahead", last_seen_ns=NOW_NS)
    document = describe_agent(agent, Seen(), NOW_NS)
    assert document["refusal"] == "its clock is ahead"
    assert document["windows"] == {"stored": 0, "duplicate": 0, "refused": 2, "missing": 0}
    assert "refusal" not in describe_agent(KnownAgent("fra2"), Seen(), NOW_NS)

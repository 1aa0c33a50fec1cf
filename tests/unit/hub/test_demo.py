"""The demo's fleet: a hub takes it for a fleet of real agents, and shows what it measures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pktvisor.errors import InputError
from pktvisor.hub.demo import MOST_ATTEMPTS, SITES, DemoFleet, send_minute
from pktvisor.hub.history import Question, answer
from pktvisor.hub.hub import Hub
from pktvisor.outputs.http_post import Reply
from support.hubs import Clock, running_hub

MINUTE = 1_790_000_400 // 3600 * 60
AGENTS = 8


@pytest.fixture(scope="module")
def fleet() -> DemoFleet:
    return DemoFleet(AGENTS)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(tmp_path, Clock(MINUTE * 60, 300.0)) as made:
        yield made


class Way:
    """The way to a hub, without HTTP: it replies as it is told first, then the hub takes what comes."""

    def __init__(self, hub: Hub, *replies: Reply) -> None:
        self.hub, self.replies = hub, list(replies)

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        if self.replies:
            return self.replies.pop(0)
        receipt = self.hub.admission.take(message, self.hub.now_ns())
        return Reply("taken", rejected=receipt.refused)

    def abort(self) -> None:
        return

    def close(self) -> None:
        return


def go_on(seconds: float) -> bool:
    """Wait for nothing."""
    return seconds >= 0


def totals(hub: Hub, by: str = "") -> dict[str, list[int]]:
    question = Question("default", "dns.wire_packets.total", MINUTE * 60, MINUTE * 60 + 120, 60, by)
    series = answer(question, hub.stored, hub.minutes)["series"]
    assert isinstance(series, dict)
    return {name: [value for _, value in points] for name, points in series.items()}


def test_a_hub_shows_the_demo_by_minute_and_site(hub: Hub, fleet: DemoFleet) -> None:
    for minute in (MINUTE, MINUTE + 1):
        assert send_minute(fleet, minute, Way(hub), go_on, over_s=40.0) == AGENTS
    assert len(hub.registry.agents()) == AGENTS
    assert hub.counters["windows_refused"] == 0
    by_site = totals(hub, "site")
    assert sorted(by_site) == sorted(SITES)
    assert [sum(of_sites) for of_sites in zip(*by_site.values(), strict=True)] == totals(hub)[""]
    assert all(total > 0 for total in totals(hub)[""])
    assert len({values[0] for values in by_site.values()}) > 1, "sites differ"


def test_a_demo_that_begins_again_counts_nothing_twice(hub: Hub, fleet: DemoFleet) -> None:
    send_minute(fleet, MINUTE, Way(hub), go_on)
    before = totals(hub)
    send_minute(DemoFleet(AGENTS), MINUTE, Way(hub), go_on)
    assert totals(hub) == before


def test_a_hub_that_is_busy_is_asked_again(hub: Hub, fleet: DemoFleet) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return True

    send_minute(fleet, MINUTE, Way(hub, Reply("again", "503", retry_after_s=7.0)), wait)
    assert 7.0 in waits
    assert len(hub.registry.agents()) == AGENTS


def test_a_demo_that_is_to_end_sends_no_more(hub: Hub, fleet: DemoFleet) -> None:
    assert send_minute(fleet, MINUTE, Way(hub), lambda _: False) == 0
    busy = Way(hub, Reply("again", "503"))
    assert send_minute(fleet, MINUTE, busy, lambda seconds: seconds == 0.0) == 0
    assert hub.counters["deliveries"] == 0


@pytest.mark.parametrize(
    "replies", [[Reply("refused", "422: damaged")], [Reply("again", "422: damaged")] * MOST_ATTEMPTS]
)
def test_a_hub_that_takes_nothing_ends_the_demo_with_its_reason(
    hub: Hub, fleet: DemoFleet, replies: list[Reply]
) -> None:
    with pytest.raises(InputError, match="does not take what the demo sends: 422: damaged"):
        send_minute(fleet, MINUTE, Way(hub, *replies), go_on)

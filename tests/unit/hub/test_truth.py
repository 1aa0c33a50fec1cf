"""What a hub tells of a whole fleet, held against what the fleet really did: through the agents' cut, the intake,
sealed hours of all lengths and the minutes in memory.

The same fleet with a thousand agents is measured by `benches/hub.py --only truth`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from pktvisor.hub.history import Question, answer
from pktvisor.hub.hub import Hub
from pktvisor.hub.sets import heaviest
from support.hubs import Clock, running_hub
from support.zipf_fleet import Truth, ZipfFleet

HOUR_S = 3600
START_S = 1_790_000_400 // HOUR_S * HOUR_S
AGENTS = 60
MINUTES = (0, 1, 15, 61)
"""The first three are sealed, in two steps of ten minutes; the last one is in memory."""
END_S = START_S + 2 * HOUR_S
TOP = "dns.top_qname3"
SHOWN = 100
NEAR = 1.06
"""Names whose weights are nearer than this are told apart by no list that was cut so often."""


@dataclass(frozen=True)
class Told:
    """A hub and the fleet that it heard."""

    hub: Hub
    fleet: ZipfFleet

    def heaviest(self, **more: Any) -> dict[str, Any]:
        question = Question("default", TOP, START_S, END_S, top=SHOWN, **more)
        return heaviest(question, self.hub.stored, self.hub.minutes, self.hub.windows)

    def series(self, metric: str, **more: Any) -> dict[str, list[Any]]:
        question = Question("default", metric, START_S, END_S, **more)
        told: Any = answer(question, self.hub.stored, self.hub.minutes)["series"]
        return cast("dict[str, list[Any]]", told)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    clock, fleet = Clock(START_S), ZipfFleet(START_S)
    with running_hub(tmp_path_factory.mktemp("hub"), clock) as hub:
        for minute in MINUTES:
            clock.after_s = minute * 60 + 120.0
            for number in range(AGENTS):
                hub.admission.take(fleet.body(number, minute), hub.now_ns())
        hub.seal(START_S // HOUR_S)
        yield Told(hub, fleet)


def assert_holds(found: dict[str, Any], truth: Truth) -> None:
    """A top list is true: its items within their bounds, nobody heavy missed, nothing of the whole lost."""
    assert not truth.outside(found["items"])
    assert found["total"] == truth.total
    names = {one["name"] for one in found["items"]}
    rest = truth.total - sum(truth.names[name] for name in names)
    assert found["other"]["lower"] <= rest <= found["other"]["upper"]
    unlisted = max(weight for name, weight in truth.names.items() if name not in names)
    assert unlisted <= max(found["unlisted_at_most"], min(one["upper"] for one in found["items"]))


def test_the_global_top_of_skewed_traffic_is_the_true_one_within_its_bounds(told: Told) -> None:
    found = told.heaviest()
    assert_holds(found, told.fleet.truth)
    assert told.fleet.truth.present(found["items"], SHOWN) >= 98
    ranked = [one["name"] for one in found["items"]]
    for before, after in itertools.pairwise(ranked):
        assert told.fleet.truth.names[after] <= NEAR * told.fleet.truth.names[before] + 5


def test_the_top_of_each_site_is_true(told: Told) -> None:
    for site, truth in told.fleet.by_site.items():
        found = told.heaviest(tag="site", values=(site,))
        assert_holds(found, truth)
        assert truth.present(found["items"], SHOWN) >= 95


def test_how_many_agents_saw_a_name_is_within_its_bounds(told: Told) -> None:
    found = told.heaviest()
    assert found["agents"]["of"] == AGENTS
    assert not told.fleet.miscounted(found["items"])
    assert found["items"][0]["agents"] == {"at_least": AGENTS, "at_most": AGENTS}


@pytest.mark.parametrize("step_s", [60, 600, 3600])
def test_every_length_of_step_holds_all_that_was_sent(told: Told, step_s: int) -> None:
    points = told.series("dns.wire_packets.total", step_s=step_s)[""]
    assert sum(value for _, value in points) == told.fleet.truth.total
    of_sites = told.series("dns.wire_packets.total", step_s=step_s, tag="site")
    summed = {site: sum(value for _, value in points) for site, points in of_sites.items()}
    assert summed == {site: truth.total for site, truth in told.fleet.by_site.items()}


def test_unions_over_agents_that_saw_some_of_the_same_are_near_the_truth(told: Told) -> None:
    """The error of one answer is a matter of luck; that of many, of the sketch: its root mean square is told."""
    errors = []
    for metric, of in (("dns.cardinality.qname", "names"), ("packets.cardinality.src_ips_in", "clients")):
        for truth, points in unions(told, metric):
            (_, estimate), *_ = points
            errors.append(estimate / len(getattr(truth, of)) - 1)
    assert max(map(abs, errors)) < 0.05, "three deviations"
    assert math.sqrt(sum(error**2 for error in errors) / len(errors)) < 0.02


def unions(told: Told, metric: str) -> Iterator[tuple[Truth, list[Any]]]:
    """The fleet's and each site's, over all of the time."""
    yield told.fleet.truth, told.series(metric, step_s=2 * HOUR_S)[""]
    for site, points in told.series(metric, step_s=2 * HOUR_S, tag="site").items():
        yield told.fleet.by_site[site], points

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pktvisor.api.series import Series
from pktvisor.errors import NotFoundError
from support.agents import FakeAgent, FakePolicy
from support.serving import client

SERIES = "/api/v1/policies/default/series"


@dataclass
class Stepped(FakePolicy):
    """A policy with one step; or of a hub, which has none."""

    has_steps: bool = True

    def series(self, since_s: int) -> Series:
        if not self.has_steps:
            raise NotFoundError("a hub has windows and no steps")
        counts: dict[str, Any] = {"schema": "dns", "counters": {"dns.in.xacts": [None, 3]}}
        return Series(
            10, since_s, {"default-dns": {**counts, "histograms": {}, "ledger": {}, "completeness": [None, 1]}}
        )


def test_the_steps_of_a_policy_since_a_time() -> None:
    told = client(FakeAgent({"default": Stepped("default", [])})).get(SERIES, params={"since": 1_700_000_000}).json()
    assert (told["step_s"], told["start"]) == (10, 1_700_000_000)
    assert told["handlers"]["default-dns"]["counters"] == {"dns.in.xacts": [None, 3]}


def test_without_a_time_all_are_given() -> None:
    assert client(FakeAgent({"default": Stepped("default", [])})).get(SERIES).json()["start"] == 0


def test_a_policy_that_is_not_there_and_one_without_steps_are_told() -> None:
    unknown = client(FakeAgent()).get(SERIES)
    assert (unknown.status_code, unknown.json()) == (404, {"error": "policy does not exist"})
    hub = client(FakeAgent({"default": Stepped("default", [], has_steps=False)})).get(SERIES)
    assert (hub.status_code, hub.json()) == (404, {"error": "a hub has windows and no steps"})


def test_a_time_that_makes_no_sense_is_refused() -> None:
    refused = client(FakeAgent({"default": Stepped("default", [])})).get(SERIES, params={"since": "yesterday"})
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("since must be a whole number from 0 to ")

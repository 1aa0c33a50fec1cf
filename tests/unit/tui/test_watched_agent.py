"""An agent as a source, over the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pktvisor import clock
from pktvisor.api.client import Client
from pktvisor.api.connection import Endpoint
from pktvisor.api.faults import MissingFault, PeriodFault, ServerFault
from pktvisor.tui.watched import Bucket, Request
from pktvisor.tui.watched_agent import INVENTORY_INTERVAL_S, WatchedAgent
from pktvisor.tui.windows import DEFAULT, LAST, merged, windows
from support.documents import DNS, PACKETS, RESOURCES, policy_info, policy_metrics
from support.rest_server import Reply, RestServer, json_reply, rest_server

EARLY = json_reply({"error": "requested metrics period has not yet accumulated, current range is [0, 1]"}, 425)


@pytest.fixture
def server() -> Iterator[RestServer]:
    with rest_server() as running:
        running.replies["/api/v1/metrics/app"] = json_reply({"app": {"version": "4.5.0"}})
        add_policy(running, "edge")
        yield running


@pytest.fixture
def source(server: RestServer) -> Iterator[WatchedAgent]:
    source = WatchedAgent(Client(Endpoint("127.0.0.1", server.port)))
    yield source
    source.close()


def add_policy(server: RestServer, *names: str, periods: int = 3) -> None:
    server.replies["/api/v1/policies"] = json_reply(
        {name: policy_info(name, ["dns", "packets"], periods=periods) for name in names}
    )
    for name in names:
        document = json_reply(policy_metrics(name, dns=DNS, packets=PACKETS))
        for period in ("window/2", "window/5", "bucket/0", "bucket/1"):
            server.replies[f"/api/v1/policies/{name}/metrics/{period}"] = document
        server.replies[f"/api/v1/policies/{name}/metrics/bucket/2"] = EARLY


def paths(server: RestServer) -> list[str]:
    return [path.removeprefix("/api/v1/") for path, _ in server.asked]


def test_the_first_reading_asks_for_everything_and_the_next_for_the_metrics_alone(
    server: RestServer, source: WatchedAgent
) -> None:
    reading = source.read(Request(DEFAULT))
    assert (reading.app.version, reading.metrics.policy) == ("4.5.0", "edge")
    assert reading.windows == windows(3)
    expected = Bucket(1_700_000_000, 1_700_000_275, 48_000, 31_400, 100 * 101 / 14_971, 100 * 1050 / 14_971, 61_000)
    assert reading.buckets == (expected,) * 2
    assert paths(server)[:4] == ["policies", "taps", "inputs", "metrics/app"]
    server.asked.clear()
    source.read(Request(merged(2)))
    assert paths(server) == ["policies/edge/metrics/window/2"]


def test_the_live_bucket_comes_along_with_a_closed_one(server: RestServer, source: WatchedAgent) -> None:
    source.read(Request(DEFAULT))
    server.asked.clear()
    reading = source.read(Request(LAST))
    assert reading.live is not None
    assert paths(server) == ["policies/edge/metrics/bucket/1", "policies/edge/metrics/bucket/0"]


def test_the_inventory_is_asked_for_now_and_then(
    server: RestServer, source: WatchedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    time_s = [50.0]
    monkeypatch.setattr(clock, "monotonic", lambda: time_s[0])
    for _ in range(3):
        source.read(Request(DEFAULT))
    assert paths(server).count("policies") == 1
    time_s[0] += INVENTORY_INTERVAL_S
    source.read(Request(DEFAULT))
    assert paths(server).count("policies") == 2
    source.read(Request(DEFAULT, extras={"inventory"}))
    assert paths(server).count("policies") == 3


def test_the_policy_named_default_is_shown_first(server: RestServer, source: WatchedAgent) -> None:
    add_policy(server, "alpha", "default")
    assert source.read(Request(DEFAULT)).metrics.policy == "default"


def test_a_policy_that_is_not_there_is_told_with_those_that_are(server: RestServer, source: WatchedAgent) -> None:
    add_policy(server, "alpha", "beta")
    with pytest.raises(MissingFault, match='policy "gamma" is not there; there are alpha, beta'):
        source.read(Request(DEFAULT, "gamma"))


def test_a_policy_that_was_deleted(server: RestServer, source: WatchedAgent) -> None:
    source.read(Request(DEFAULT, "edge"))
    add_policy(server, "alpha")
    server.replies["/api/v1/policies/edge/metrics/window/5"] = json_reply({"error": "policy does not exist"}, 404)
    with pytest.raises(MissingFault, match=r'policy "edge" is not there$'):
        source.read(Request(DEFAULT, "edge"))
    with pytest.raises(MissingFault, match='policy "edge" is not there; there are alpha'):
        source.read(Request(DEFAULT, "edge"))
    assert source.read(Request(DEFAULT)).metrics.policy == "alpha"


def test_an_agent_without_policies(server: RestServer, source: WatchedAgent) -> None:
    server.replies["/api/v1/policies"] = json_reply({})
    with pytest.raises(MissingFault, match="the agent runs no policy"):
        source.read(Request(DEFAULT))


def test_resources_come_from_the_policies_that_the_agent_made(server: RestServer, source: WatchedAgent) -> None:
    name = "tap-1234-resources"
    info = {"edge": policy_info("edge", ["dns"]), name: policy_info(name, ["input_resources"])}
    server.replies["/api/v1/policies"] = json_reply(info)
    server.replies[f"/api/v1/policies/{name}/metrics/bucket/0"] = json_reply(
        {name: {name: {"input_resources": RESOURCES}}}
    )
    assert source.read(Request(DEFAULT)).resources == ()
    (handler,) = source.read(Request(DEFAULT, extras={"resources"})).resources
    assert handler.metrics["policy_count"] == 1


def test_after_a_fault_everything_is_asked_for_anew(server: RestServer, source: WatchedAgent) -> None:
    source.read(Request(DEFAULT))
    server.replies["/api/v1/policies/edge/metrics/window/5"] = Reply(b"", 500)
    with pytest.raises(ServerFault):
        source.read(Request(DEFAULT))
    add_policy(server, "edge", periods=7)
    server.replies["/api/v1/metrics/app"] = json_reply({"app": {"version": "5.0.0"}})
    reading = source.read(Request(DEFAULT))
    assert reading.app.version == "5.0.0"
    assert reading.windows == windows(7)


def test_a_period_that_is_not_there_is_no_reason_to_ask_anew(server: RestServer, source: WatchedAgent) -> None:
    source.read(Request(DEFAULT))
    server.replies["/api/v1/policies/edge/metrics/window/5"] = EARLY
    with pytest.raises(PeriodFault):
        source.read(Request(DEFAULT))
    server.asked.clear()
    source.read(Request(merged(2)))
    assert paths(server) == ["policies/edge/metrics/window/2"]


def test_a_drill_down_asks_the_policies_with_custom_handlers(server: RestServer, source: WatchedAgent) -> None:
    add_policy(server, "edge")
    both = {"edge": policy_info("edge", ["dns", "packets"]), "pairs": policy_info("pairs", ["custom"])}
    server.replies["/api/v1/policies"] = json_reply(both)
    groups = {"www.example.com": {"clients": [{"name": "192.0.2.1", "estimate": 5}]}}
    kept = policy_metrics("pairs", custom={"dns_qname": groups})
    server.replies["/api/v1/policies/pairs/metrics/window/2"] = json_reply(kept)
    assert source.read(Request(merged(2))).pairs is None
    pairs = source.read(Request(merged(2), extras=frozenset(["pairs"]))).pairs
    assert pairs is not None
    assert [one.metrics for one in pairs] == [{"dns_qname": groups}]
    server.replies["/api/v1/policies/pairs/metrics/window/2"] = EARLY
    assert source.read(Request(merged(2), extras=frozenset(["pairs"]))).pairs == ()

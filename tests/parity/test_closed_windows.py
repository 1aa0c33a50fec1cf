"""What an agent answers of windows that have closed: the keys, types, families and labels of the C++ pktvisor.

A live window takes a minute to close. Here an agent reads a capture that spans several, in the policy `default` with
the modules that the command line gives it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from parity.answers import WHY_SKIPPED
from parity.live_agent import RECORDED
from parity.shapes import differences, families
from parity.test_live import NEEDS_CLOSED_WINDOW
from parity.test_rest import PATHS
from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.agent.tap import Origin
from pktvisor.config.models import TapConfig
from pktvisor.policies.default import DEFAULT, default_policy
from pktvisor.policies.instances import WindowDefaults
from pktvisor.policies.summary import open_databases
from support.captures import FOLDER as CAPTURES
from support.live import eventually
from support.scenarios import DATABASES
from support.serving import client

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=WHY_SKIPPED)

CLIENT_NETWORKS = "10.9.0.1/32,fd09::1/128"
COORDINATES = ("lat", "lon")
"""Of places that a database has found, of which there were none when the answers were recorded."""


@pytest.fixture(scope="module")
def asking() -> Iterator[TestClient]:
    databases = open_databases(str(DATABASES / "city.mmdb"), str(DATABASES / "isp.mmdb"))
    agent = LocalAgent(AgentSettings(databases=databases))
    config = {"pcap_file": str(CAPTURES / "multi_window.pcap"), "host_spec": CLIENT_NETWORKS}
    agent.define(TapConfig(DEFAULT, "pcap", config), Origin.COMMAND_LINE)
    agent.start(default_policy("", WindowDefaults()), Origin.COMMAND_LINE)
    eventually(lambda: not any(stream.is_running for stream in agent.inputs.values()))
    yield client(agent)
    agent.stop()


@pytest.mark.parametrize("name", sorted(NEEDS_CLOSED_WINDOW))
def test_documents_have_their_keys_and_types(asking: TestClient, name: str) -> None:
    reply = asking.get(PATHS[name])
    theirs: Any = json.loads((RECORDED / f"{name}.json").read_bytes())
    assert reply.status_code == 200
    found = differences(reply.json(), theirs)
    assert [one for one in found if not one.endswith(tuple(f"top_geoLoc[].{name} (str)" for name in COORDINATES))] == []


def test_a_scrape_has_their_families_types_and_labels(asking: TestClient) -> None:
    ours, theirs = families(asking.get("/metrics").text), families((RECORDED / "metrics.prom").read_text())
    kind, labels = ours["packets_top_geoLoc"]
    ours["packets_top_geoLoc"] = kind, frozenset(tuple(one for one in row if one not in COORDINATES) for row in labels)
    of_some_traffic = {name for name in ours.keys() ^ theirs.keys() if "_top_" in name}
    assert {name: ours[name] for name in ours.keys() - of_some_traffic} == {
        name: theirs[name] for name in theirs.keys() - of_some_traffic
    }


def test_closed_windows_are_told_with_their_ends(asking: TestClient) -> None:
    told = asking.get("/api/v1/policies/default").json()["default"]["modules"]["default-default-dns"]["metrics"]
    ends = [one["end_tstamp"] for one in told["periods"]]
    starts = [one["start_tstamp"] for one in told["periods"]]
    assert ends[1:] == starts[:-1]
    assert {tuple(one) for one in told["periods"]} == {("end_tstamp", "events", "length", "read_only", "start_tstamp")}


def test_windows_add_up(asking: TestClient) -> None:
    def length(path: str, key: str) -> int:
        return int(asking.get(f"/api/v1/metrics/{path}").json()[key]["dns"]["period"]["length"])

    buckets = [length(f"bucket/{number}", "1m") for number in range(4)]
    windows = [length(f"window/{number}", f"{number}m") for number in range(2, 6)]
    assert windows == [sum(buckets[:number]) for number in range(2, 6)]

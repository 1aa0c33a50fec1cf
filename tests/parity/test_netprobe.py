"""Probes of a running agent's own port, as the C++ pktvisor was asked to do: keys, types, families, labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from parity.accepted import MORE_OF_NETPROBE
from parity.answers import WHY_SKIPPED
from parity.live_agent import RECORDED
from parity.shapes import differences, families
from support.daemon import Daemon, daemon
from support.live import eventually

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=WHY_SKIPPED)

POLICY, HANDLER, TARGET = "probe_tcp", "probe_tcp-probe_tap-np", "self"
THEIR_PORT = 10853


def probed(running: Daemon) -> dict[str, Any]:
    document = running.get(f"/api/v1/policies/{POLICY}/metrics/bucket/0")
    found: dict[str, Any] = document[POLICY].get(HANDLER, {}).get("netprobe", {}).get("targets", {}).get(TARGET, {})
    return found


@pytest.fixture(scope="module")
def running() -> Iterator[Daemon]:
    """An agent that probes itself."""
    with daemon("--admin-api") as running:
        tap = (RECORDED / "tap_probe.yaml").read_text().replace(str(THEIR_PORT), str(running.port))
        assert running.request("POST", "/api/v1/taps", tap)[0] == 201
        assert running.request("POST", "/api/v1/policies", (RECORDED / "pol_probe_tcp.yaml").read_text())[0] == 201
        eventually(lambda: probed(running).get("successes", 0) >= 3)
        yield running


def recorded(kind: str) -> Any:
    return json.loads((RECORDED / f"live.{POLICY}.{kind}.json").read_bytes())


def without_more(document: Any) -> Any:
    """A document without what only ours tells of a target, and without bounds, which depend on the times."""
    target = document[POLICY][HANDLER]["netprobe"]["targets"][TARGET]
    for name in MORE_OF_NETPROBE:
        target.pop(name, None)
    assert target["response_histogram_us"].pop("buckets")["+Inf"] > 0
    return document


@pytest.mark.parametrize(("kind", "path"), [("bucket0", "bucket/0"), ("window2", "window/2")])
def test_metrics_have_their_keys_and_types(running: Daemon, kind: str, path: str) -> None:
    ours = running.get(f"/api/v1/policies/{POLICY}/metrics/{path}")
    assert set(MORE_OF_NETPROBE) <= set(ours[POLICY][HANDLER]["netprobe"]["targets"][TARGET])
    assert differences(without_more(ours), without_more(recorded(kind))) == []


def test_families_have_their_types_and_labels(running: Daemon) -> None:
    ours = families(running.text(f"/api/v1/policies/{POLICY}/metrics/prometheus"))
    more = {f"netprobe_{name}" for name in MORE_OF_NETPROBE}
    theirs = families((RECORDED / f"live.{POLICY}.prom").read_text())
    assert {name: told for name, told in ours.items() if name not in more} == theirs


def test_the_policy_is_told_as_theirs(running: Daemon) -> None:
    ours, theirs = running.get(f"/api/v1/policies/{POLICY}"), recorded("info")
    assert differences(ours, theirs) == []
    (our_input,) = ours[POLICY]["input"].values()
    assert our_input["netprobe"] == {"current_targets_total": 1}
    inputs = running.get("/api/v1/inputs")
    ((_, told),) = inputs.items()
    assert told["ledger"]["probes.sent"] > 0


def test_its_companion_and_the_end(running: Daemon) -> None:
    everything = running.get("/api/v1/policies/__all/metrics/bucket/0")
    (companion,) = (name for name in everything if name.endswith("-resources"))
    (told,) = everything[companion].values()
    assert told["input_resources"]["policy_count"] == 1
    assert running.request("DELETE", f"/api/v1/policies/{POLICY}")[0] == 200
    assert running.get("/api/v1/inputs") == {}

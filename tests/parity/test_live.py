"""A running agent answers as the C++ pktvisor did: statuses, headers, keys, types of values, families, labels."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from parity.answers import WHY_SKIPPED
from parity.live_agent import (
    OTHER_ANSWERS,
    POLICIES,
    RECORDED,
    default_agent,
    show_traffic,
    steer,
)
from parity.shapes import differences, families
from parity.test_rest import ERRORS, HAVE_VALUES, MORE_THAN_THEIRS, PATHS
from support.daemon import Daemon, needs_rights

pytestmark = [needs_rights, pytest.mark.skipif(not RECORDED.is_dir(), reason=WHY_SKIPPED)]

NEEDS_CLOSED_WINDOW = {"metrics_bucket_1", "policies_default_metrics_bucket_1"}
"""Answered by `test_closed_windows.py`."""

OF_DEFAULT = {name: path for name, path in PATHS.items() if name not in NEEDS_CLOSED_WINDOW} | {
    "metrics.prom": "/metrics",
    "policies_all_metrics_prometheus.prom": "/api/v1/policies/__all/metrics/prometheus",
}
OF_POLICIES = {
    f"live.{policy}.{kind}": f"/api/v1/policies/{policy}{path}"
    for policy in POLICIES
    for kind, path in {
        "info": "",
        "bucket0": "/metrics/bucket/0",
        "window2": "/metrics/window/2",
        "prom": "/metrics/prometheus",
    }.items()
}
TEXTS = [name for name in OF_DEFAULT | OF_POLICIES if name.endswith("prom")]
DOCUMENTS = [name for name in OF_DEFAULT | OF_POLICIES if not name.endswith("prom")]
HASHED = {"policies", "policies_default"}
"""Documents that depend on no traffic, but on the agent: names of streams, what it runs on."""

CACHED = "policies_default_metrics_window_2"
"""Recorded within a second of `/api/v1/metrics/window/2`, whose whole document the C++ pktvisor then leaves in its
cache, so that handlers show the schemas of those before them."""


@dataclass(frozen=True)
class Reply:
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(running: Daemon, path: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return Reply(reply.status, reply.reason, dict(reply.getheaders()), reply.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def replies() -> Iterator[dict[str, Reply]]:
    """What the agent answers at the two moments when the C++ pktvisor was asked."""
    with default_agent() as running:
        show_traffic()
        given = {name: ask(running, path) for name, path in OF_DEFAULT.items()}
        steer(running)
        show_traffic()
        yield given | {name: ask(running, path) for name, path in OF_POLICIES.items()}


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_bytes())


def own_schemas(ours: Any, theirs: Any) -> Any:
    """Leave out schemas that a handler of theirs shows for others."""
    return {
        policy: {
            instance: {schema: value for schema, value in schemas.items() if schema in ours[policy][instance]}
            for instance, schemas in instances.items()
        }
        for policy, instances in theirs.items()
    }


def test_every_recorded_answer_is_asked_for() -> None:
    known = {f"{name}.json" for name in [*DOCUMENTS, *NEEDS_CLOSED_WINDOW]} | set(TEXTS)
    answers = {path.name for path in RECORDED.iterdir() if path.suffix in (".json", ".prom")}
    assert {name for name in answers if not name.startswith(OTHER_ANSWERS)} == known


@pytest.mark.parametrize("name", [name for name in OF_DEFAULT if name in PATHS])
def test_status_lines_and_headers_are_theirs(replies: dict[str, Reply], name: str) -> None:
    reply = replies[name]
    first, *lines = (RECORDED / f"{name}.headers").read_text().split("\n")
    theirs = dict(line.split(": ") for line in lines if line)
    assert f"HTTP/1.1 {reply.status} {reply.reason}" == first
    ours = {key.lower(): value for key, value in reply.headers.items()}
    assert ours["content-type"] == theirs["Content-Type"]
    assert int(ours["content-length"]) == len(reply.body)
    assert set(theirs) - {"Content-Type", "Content-Length"} == {"Keep-Alive"}


@pytest.mark.parametrize("name", [name for name in PATHS if name not in HAVE_VALUES | HASHED])
def test_what_depends_on_no_traffic_is_theirs_byte_by_byte(replies: dict[str, Reply], name: str) -> None:
    assert replies[name].body == (RECORDED / f"{name}.json").read_bytes().rstrip(b"\n")


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name not in ERRORS])
def test_documents_have_their_keys_and_types(replies: dict[str, Reply], name: str) -> None:
    ours, theirs = replies[name].json(), recorded(name)
    if name == CACHED:
        theirs = own_schemas(ours, theirs)
    if name == "metrics_app":
        ours = {key: value for key, value in ours.items() if key not in MORE_THAN_THEIRS}
    assert differences(ours, theirs) == []


@pytest.mark.parametrize("name", TEXTS)
def test_prometheus_families_have_their_types_and_labels(replies: dict[str, Reply], name: str) -> None:
    assert replies[name].headers["content-type"] == "text/plain"
    ours = families(replies[name].body.decode())
    file = RECORDED / (name if name.endswith(".prom") else f"{name}.prom")
    assert ours == families(file.read_text())


@pytest.mark.parametrize("policy", POLICIES)
def test_taps_handlers_and_their_settings_are_told_as_theirs(replies: dict[str, Reply], policy: str) -> None:
    ours, theirs = replies[f"live.{policy}.info"].json()[policy], recorded(f"live.{policy}.info")[policy]
    assert ours["taps"] == theirs["taps"]
    modules = {name: told["module"] for name, told in ours["modules"].items()}
    assert modules == {name: told["module"] for name, told in theirs["modules"].items()}
    ((_, our_input),), ((_, their_input),) = ours["input"].items(), theirs["input"].items()
    assert our_input["module"]["config"] == their_input["module"]["config"]
    assert our_input["pcap"]["host_ips"] == their_input["pcap"]["host_ips"]

"""The routes give the statuses, types and documents that the C++ pktvisor gave, and its documents fit our schemas."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest
from starlette.testclient import TestClient

from parity.answers import ANSWERS, WHY_SKIPPED
from pktvisor.server.openapi import document
from support.agents import Description, FakeAgent, FakePolicy, FakeTap
from support.serving import client
from support.snapshots import counter, handler

RECORDED = ANSWERS / "rest"

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=WHY_SKIPPED)

POLICY_METRICS = "/api/v1/policies/{name}/metrics"
PATHS = {
    "metrics_app": "/api/v1/metrics/app",
    "metrics_bucket_0": "/api/v1/metrics/bucket/0",
    "metrics_bucket_1": "/api/v1/metrics/bucket/1",
    "metrics_bucket_1.early": "/api/v1/metrics/bucket/1",
    "metrics_window_1": "/api/v1/metrics/window/1",
    "metrics_window_2": "/api/v1/metrics/window/2",
    "metrics_window_9": "/api/v1/metrics/window/9",
    "policies": "/api/v1/policies",
    "policies_default": "/api/v1/policies/default",
    "policies_default_metrics_bucket_1": "/api/v1/policies/default/metrics/bucket/1",
    "policies_default_metrics_bucket_1.early": "/api/v1/policies/default/metrics/bucket/1",
    "policies_default_metrics_window_2": "/api/v1/policies/default/metrics/window/2",
    "policies_nope": "/api/v1/policies/nope",
    "policies_nope_metrics_bucket_0": "/api/v1/policies/nope/metrics/bucket/0",
    "taps": "/api/v1/taps",
    "taps_default": "/api/v1/taps/default",
    "taps_nope": "/api/v1/taps/nope",
}
"""The route that gave each recorded answer."""

HAVE_VALUES = {
    "metrics_app",
    "metrics_bucket_0",
    "metrics_bucket_1",
    "metrics_window_2",
    "policies_default_metrics_bucket_1",
    "policies_default_metrics_window_2",
}
"""Answers whose bytes depend on the traffic, or the clock."""

ERRORS = {name for name in PATHS if "nope" in name or "early" in name} | {"metrics_window_1", "metrics_window_9"}

MORE_THAN_THEIRS = {"memory", "security", "server"}
"""Keys of the app document that only ours has."""

LIVE_NAMES = {"bucket0": "bucket/{number}", "window2": "window/{number}"}


@dataclass
class RecordedPolicy(FakePolicy):
    """Tells of itself what was recorded."""

    description: Any = None

    def describe(self) -> Description:
        return dict(self.description)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_bytes())


def head(name: str) -> tuple[int, str]:
    """Give status and content type of a recorded answer."""
    first, *rest = (RECORDED / f"{name}.headers").read_text().splitlines()
    types = [line.partition(": ")[2] for line in rest if line.startswith("Content-Type")]
    return int(first.split()[1]), types[0]


def asking(name: str) -> TestClient:
    """Make a client of an agent as the recorded one was: at its start, or with a closed bucket."""
    bucket = [
        handler(counter("packets_total", "total", 1), instance="default-default-net", schema="packets"),
        handler(counter("dns_total", "wire_packets.total", 1)),
    ]
    policies = {
        key: RecordedPolicy(key, [bucket] * (1 if name.endswith("early") else 2), description=description)
        for key, description in recorded("policies").items()
    }
    return client(FakeAgent(dict(policies), taps={"default": FakeTap()}, version="4.5.0"))


def metrics_schema(path: str) -> jsonschema_rs.Draft202012Validator:
    described: Any = document(with_admin=True, version="4.5.0")
    answer = described["paths"][path]["get"]["responses"]["200"]["content"]["text/json"]["schema"]
    return jsonschema_rs.Draft202012Validator({**answer, "components": described["components"]})


def declared(path: str) -> str:
    """Give the path as the OpenAPI document names it."""
    *parts, last = path.replace("/default", "/{name}", 1).split("/")
    return "/".join([*parts, "{number}" if last.isdecimal() else last])


def test_every_recorded_answer_is_looked_at() -> None:
    assert {path.name.removesuffix(".headers") for path in RECORDED.glob("*.headers")} == set(PATHS)


@pytest.mark.parametrize("name", PATHS)
def test_status_and_type_are_theirs(name: str) -> None:
    reply = asking(name).get(PATHS[name])
    assert (reply.status_code, reply.headers["content-type"]) == head(name)


@pytest.mark.parametrize("name", [name for name in PATHS if name not in HAVE_VALUES])
def test_what_does_not_depend_on_traffic_is_theirs_byte_by_byte(name: str) -> None:
    assert asking(name).get(PATHS[name]).content == (RECORDED / f"{name}.json").read_bytes().rstrip(b"\n")


def test_the_app_document_has_their_keys_and_more() -> None:
    ours, theirs = asking("metrics_app").get(PATHS["metrics_app"]).json(), recorded("metrics_app")
    assert set(ours) - set(theirs) == MORE_THAN_THEIRS
    assert set(ours["app"]) == set(theirs["app"])


@pytest.mark.parametrize("name", [name for name in PATHS if name not in ERRORS and name != "metrics_app"])
def test_their_documents_fit_our_schemas(name: str) -> None:
    validator = metrics_schema(declared(PATHS[name]))
    assert [str(error) for error in validator.iter_errors(recorded(name))] == []


@pytest.mark.parametrize("kind", LIVE_NAMES)
def test_their_live_metrics_fit_our_schemas(kind: str) -> None:
    validator = metrics_schema(f"{POLICY_METRICS}/{LIVE_NAMES[kind]}")
    found = sorted(RECORDED.glob(f"live.*.{kind}.json"))
    assert found
    for path in found:
        assert [str(error) for error in validator.iter_errors(json.loads(path.read_bytes()))] == [], path.name
